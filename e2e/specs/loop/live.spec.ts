/** Live video in pods that run, with the configuration that the operator writes. Chromium's media is in workload/src/routes/live. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { loadTestType, type StoredLoadTest } from "@gpumedia/operator/src/loadtest/cache.ts";
import { request } from "undici";
import { needsCodec } from "../../../workload/src/live/testing/live-codec.ts";
import { offerText } from "../../../workload/src/live/testing/offers.ts";
import { until } from "../../cluster/until.ts";
import { readyPods } from "../operator/reporting-pods.ts";
import { addressOf, fixed, loopWorkspace, quick } from "./loop-cluster.ts";

type Pod = KubeObject & { readonly status: { readonly podIP: string } };

/** The processor's media processes find the codec where this process does. The node has no Secrets. */
function processing() {
  const { LD_LIBRARY_PATH: libraries } = process.env;
  const found = libraries === undefined ? [] : [{ name: "LD_LIBRARY_PATH", value: libraries }];
  const token = { name: "GPUMEDIA_LIVE_TOKEN", value: "correct-horse" };
  return { ...quick.processing, env: [...quick.processing.env, ...found, token] };
}

describe("live video of a service whose pods run", function () {
  this.timeout(300_000);
  const work = loopWorkspace("test");

  before(function () {
    needsCodec(this);
  });
  beforeEach(() => work.startOperator({ parameters: ["--utilization-interval=500ms"] }));

  it("answers offers with the pod's address, then with that of the load balancer, and counts the sessions", async () => {
    const live = { enabled: true, udpPort: 5004, limits: { sessions: 3 } };
    await work.apply("studio", { ...fixed(1), gpu: { count: 0 }, live, processing: processing() });
    await work.untilCondition("studio", "Ready", { status: "True" }, { withinMs: 90_000 });
    const [pod] = (await readyPods(work, "studio", 1)) as readonly Pod[];
    const address = await addressOf(work, "studio", work.agent);
    const send = async (method: "POST" | "DELETE", path: string, body = "", token = "correct-horse") => {
      const headers = { "content-type": "application/sdp", authorization: `Bearer ${token}` };
      const answer = await request(`${address}${path}`, { method, dispatcher: work.agent, headers, body });
      const text = await answer.body.text();
      const candidate = /^a=candidate:\S+ 1 udp \d+ (\S+ \d+) typ host/m.exec(text)?.[1];
      return { status: answer.statusCode, location: String(answer.headers["location"]), candidate };
    };
    assert.equal((await send("POST", "/v1/whip/garden", offerText(), "wrong")).status, 401);

    const first = await send("POST", "/v1/whip/garden", offerText());
    assert.deepEqual([first.status, first.candidate], [201, `${pod?.status.podIP} 5004`]);
    await until("the session in the status", async (see) => {
      const { live: shown } = (await work.service("studio"))?.status?.utilization ?? {};
      return see(shown)?.sessions === 1 && shown?.sessionLimit === 3;
    });
    assert.equal((await send("DELETE", first.location)).status, 204);

    const status = `/api/v1/namespaces/${work.namespace}/services/studio-live/status`;
    await work.mergePatch(status, { status: { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } } });
    await until("an answer with the load balancer's address", async (see) => {
      const { location, candidate } = await send("POST", "/v1/whip/garden", offerText());
      await send("DELETE", location);
      return see(candidate) === "203.0.113.7 5004";
    });
    const [same] = await readyPods(work, "studio", 1);
    assert.equal(same?.metadata.uid, pod?.metadata.uid);
  });

  it("returns the frames of a load test's publishers, and counts these as sessions until they leave", async () => {
    // Within the cluster, without a token: the node has no Secrets, by which a load test gets one.
    const live = { enabled: true, service: { type: "ClusterIP" } };
    const { env, ...others } = processing();
    const open = { ...others, env: env.filter(({ name }) => name !== "GPUMEDIA_LIVE_TOKEN") };
    const slo = { latencyP95: "60s" };
    await work.apply("studio", { ...fixed(1), gpu: { count: 0 }, slo, live, processing: open });
    await work.untilCondition("studio", "Ready", { status: "True" }, { withinMs: 90_000 });
    await work.createObject(loadTestType, "live", {
      spec: {
        serviceRef: { name: "studio" },
        scenario: "live",
        sessions: 2,
        framesPerSecond: 2,
        duration: "20s",
        // A CPU that all of this cluster shares drops frames.
        thresholds: { rejectedPercent: 90 },
      },
    });
    // The status has the mean of a minute.
    const sessions = async () => (await work.service("studio"))?.status?.utilization?.live?.sessions ?? 0;
    await until("the status to count sessions", async (see) => see(await sessions()) > 0, { withinMs: 90_000 });
    const { status } = await until(
      "a verdict",
      async (see) => {
        const test = (await work.get(loadTestType, "live")) as StoredLoadTest | undefined;
        return see(test?.status)?.verdict !== undefined && test;
      },
      { withinMs: 120_000 },
    );
    assert.deepEqual([status?.verdict, status?.figures?.requests], ["Passed", 80], JSON.stringify(status));
    await until("the status to count none", async (see) => see(await sessions()) === 0, { withinMs: 150_000 });
  });
});
