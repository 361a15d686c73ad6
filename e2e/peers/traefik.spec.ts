/** Traefik routes pictures, large bodies and streams to real processors by our Ingress and our HTTPRoute, and the status reports it. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { gatewayType } from "@gpumedia/operator/src/observe/gateway-view.ts";
import { request, type Agent } from "undici";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { photograph, sizeOf, streamPicture } from "../cluster/process-node/client.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { shared } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { fixed, quick } from "../specs/loop/loop-cluster.ts";
import { readyPods } from "../specs/operator/reporting-pods.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import {
  installGatewayApi,
  publishedAddress,
  startTraefik,
  traefikPort,
  traefikPrograms,
  traefikUser,
  untilTraefikResponds,
} from "./traefik.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

if (isPossible) await traefikPrograms();

const cluster = shared(async () => {
  const started = await startCluster({ crds: true, privateNetwork: true });
  await started.addProcessNode({ gpus: 1, backOffMs: 500 });
  return started;
});

const name = "upscaler";
const byIngress = "ingress.example.com";
const byGateway = "gateway.example.com";
const patiently = { withinMs: 240_000 };
const className = "nginx";
const buffering = { "nginx.ingress.kubernetes.io/proxy-request-buffering": "on" };
const mebibyte = 1_048_576;

function specOf(ingress: object = {}, gateway: object = {}, more: object = {}) {
  const network = {
    ingress: { enabled: true, host: byIngress, ...ingress },
    gateway: { parentRefs: [{ name: "public" }], hostnames: [byGateway], ...gateway },
  };
  return { ...fixed(2), gpu: { count: 0 }, network, ...more };
}

describe("Traefik 3.7.13", function () {
  this.timeout(900_000);
  skipUnlessPossible();
  const work = new Workspace();
  let control: Cluster;
  /** Reaches pods. */
  let agent: Agent;
  /** Reaches Traefik, whatever the host. */
  let clients: Agent;
  /** What Exposed reported while Traefik was being installed. */
  const reported: string[] = [];

  before(async () => {
    control = await cluster();
    await work.open(control);
    agent = control.network?.agent() ?? assert.fail("no private network");
    clients = control.network?.agent(nodeAddress) ?? assert.fail("no private network");
    for (const one of [agent, clients]) work.resources.defer(() => one.destroy());
    await startOperator();
    await work.apply(name, specOf());
    await untilReported("False", "ApiMissing");
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    await installGatewayApi(control);
    await untilReported("False", "NoSuchGateway");
    await createGateway("public");
    await untilReported("Unknown", "NoAddress", `IngressClass ${className} does not exist`);
    const ingressClass = { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: className } };
    await apply({ ...ingressClass, spec: { controller: "k8s.io/ingress-nginx" } });
    await untilReported("Unknown", "NoAddress", `check that the controller of IngressClass ${className} runs`);
    await startTraefik(control);
    await untilReported(
      "True",
      "SettingsIgnored",
      `${publishedAddress}; Traefik does not honour network.ingress.maxBodySize`,
    );
  });
  after(() => work[Symbol.asyncDispose]());

  async function startOperator(): Promise<void> {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"], metricsApiAddress: nodeAddress });
  }

  async function untilReported(status: "True" | "False" | "Unknown", reason: string, message = ""): Promise<void> {
    const found = await work.untilCondition(name, "Exposed", { status, reason, message }, patiently);
    reported.push(`${found.status} ${found.reason}`);
  }

  async function apply(object: object): Promise<void> {
    await control.kubectlWithInput(object, "apply", "-f", "-");
  }

  /** With a class of Traefik. */
  async function createGateway(gateway: string, listener: object = {}): Promise<void> {
    const controllerName = "traefik.io/gateway-controller";
    const apiVersion = "gateway.networking.k8s.io/v1";
    await apply({ apiVersion, kind: "GatewayClass", metadata: { name: "traefik" }, spec: { controllerName } });
    const listeners = [{ name: "web", port: traefikPort, protocol: "HTTP", ...listener }];
    await work.createObject(gatewayType, gateway, { spec: { gatewayClassName: "traefik", listeners } });
  }

  /** The status and size of the answer to an upload through Traefik. */
  async function upload(host: string, body: Uint8Array = photograph): Promise<readonly [status: number, body: Buffer]> {
    const answer = await request(`http://${host}:${traefikPort}/v1/process`, {
      method: "POST",
      dispatcher: clients,
      headers: { "content-type": "image/jpeg" },
      body,
    });
    return [answer.statusCode, Buffer.from(await answer.body.bytes())];
  }

  async function untilRouted(host: string): Promise<void> {
    await until(`${host} to be routed`, async (see) => see((await upload(host))[0]) === 200, patiently);
  }

  /** How many uploads each pod has answered. */
  async function answered(): Promise<readonly number[]> {
    const pods = await readyPods(work, name, 2);
    return Promise.all(
      pods.map(async (pod) => {
        const { status } = pod as unknown as { readonly status: { readonly podIP: string } };
        const metrics = await request(`http://${status.podIP}:8080/metrics`, { dispatcher: agent });
        const accepted = /^gpumedia_requests_total\{outcome="accepted"\} (\d+)$/m.exec(await metrics.body.text());
        return Number(accepted?.[1] ?? 0);
      }),
    );
  }

  /** How many of 12 uploads each pod gets. */
  async function shares(host: string): Promise<readonly number[]> {
    const before = await answered();
    for (let sent = 0; sent < 12; sent++) await upload(host);
    return (await answered()).map((count, at) => count - (before[at] ?? 0));
  }

  it("is named by Exposed while it is missing and when it starts later, and never keeps a service from being Ready", () => {
    assert.deepEqual(reported.slice(0, 5), [
      "False ApiMissing",
      "False NoSuchGateway",
      "Unknown NoAddress",
      "Unknown NoAddress",
      "True SettingsIgnored",
    ]);
  });

  for (const [title, host] of [
    ["Ingress", byIngress],
    ["HTTPRoute", byGateway],
  ] as const) {
    it(`routes pictures by our ${title}, to both pods`, async () => {
      await untilRouted(host);
      const [status, body] = await upload(host);
      assert.deepEqual([status, sizeOf(body)], [200, [1280, 854]]);
      const found = await shares(host);
      assert.ok(Math.min(...found) > 0, String(found));
    });

    it(`routes a body of 10 MiB by our ${title}, and the 413 of a larger one`, async () => {
      await untilRouted(host);
      // A decoder ignores what follows the end of a JPEG.
      const padded = Buffer.concat([photograph, Buffer.alloc(10 * mebibyte - photograph.length)]);
      assert.equal((await upload(host, padded))[0], 200);
      // The pods' own limit is 32 MiB.
      assert.equal((await upload(host, Buffer.alloc(33 * mebibyte)))[0], 413);
    });

    it(`routes streams by our ${title}`, async () => {
      await untilRouted(host);
      const stream = `ws://${host}:${traefikPort}/v1/stream`;
      assert.deepEqual(sizeOf(await streamPicture(stream, { dispatcher: clients })), [1280, 854]);
    });
  }

  it("honours hashBy: all uploads go to one pod", async () => {
    await work.apply(name, specOf({ hashBy: "$request_uri" }));
    await until("one pod to get all uploads", async (see) => see(await shares(byIngress)).includes(0), patiently);
    await work.apply(name, specOf());
    await until("both pods to get uploads", async (see) => !see(await shares(byIngress)).includes(0), patiently);
  });

  it("honours maxBodySize only if it buffers requests, and Exposed reports which", async () => {
    const eleven = Buffer.alloc(11 * mebibyte);
    // A limit of the Ingress alone.
    const processing = { ...quick.processing, limits: { bodyBytes: 20 * mebibyte } };
    const spec = (annotations: object) => specOf({ maxBodySize: "10m", annotations }, {}, { processing });
    await work.apply(name, spec({}));
    await untilReported("True", "SettingsIgnored", "Traefik does not honour network.ingress.maxBodySize");
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    // Its zeros are no picture.
    await until("the pods to get 11 MiB", async (see) => see((await upload(byIngress, eleven))[0]) === 415, patiently);
    await work.apply(name, spec(buffering));
    await untilReported("True", "Routed", publishedAddress);
    await until(
      "Traefik to refuse 11 MiB",
      async (see) => see((await upload(byIngress, eleven))[0]) === 413,
      patiently,
    );
    assert.equal((await upload(byIngress))[0], 200);
    await work.apply(name, specOf());
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
  });

  it("honours readTimeout by our Ingress, and has no timeout of HTTPRoutes", async () => {
    const { href } = new URL("../specs/loop/delay-pictures.ts", import.meta.url);
    const env = [
      ...quick.processing.env,
      { name: "NODE_OPTIONS", value: `--import=${href}` },
      { name: "DELAY_PICTURES_MS", value: "4000" },
      { name: "DELAY_PICTURES_EVERY", value: "1" },
    ];
    const hosts = ["slow-ingress.example.com", "slow-gateway.example.com"] as const;
    const network = [{ host: hosts[0], readTimeout: "1s" }, { hostnames: [hosts[1]] }] as const;
    await work.apply("slow", specOf(...network, { processing: { ...quick.processing, env }, replicas: 1 }));
    await work.untilCondition("slow", "Ready", { status: "True" }, patiently);
    await work.untilCondition("slow", "Exposed", { status: "True" }, patiently);
    const { spec } = (await work.get(childKinds.httpRoute.type, "slow")) as unknown as {
      readonly spec: { readonly rules: readonly [{ readonly timeouts: object }] };
    };
    assert.deepEqual(spec.rules[0].timeouts, { request: "1s" });
    await until("a timeout of the Ingress", async (see) => see((await upload(hosts[0]))[0]) === 504, patiently);
    await until("an answer by the HTTPRoute", async (see) => see((await upload(hosts[1]))[0]) === 200, patiently);
    await control.kubectl("delete", "gpumediaservice", "slow", "-n", work.namespace, "--cascade=foreground");
  });

  it("refuses a route to a listener that is missing, or that does not admit its namespace, and Exposed has its reason", async () => {
    await work.apply(name, specOf({}, { parentRefs: [{ name: "public", sectionName: "https" }] }));
    const listener = `Gateway ${work.namespace}/public does not accept the route: NoMatchingParent`;
    await untilReported("False", "NotAccepted", listener);
    await createGateway("closed", {
      allowedRoutes: { namespaces: { from: "Selector", selector: { matchLabels: { no: "one" } } } },
    });
    await work.apply(name, specOf({}, { parentRefs: [{ name: "public" }, { name: "closed" }] }));
    const namespace = `Gateway ${work.namespace}/closed does not accept the route: NotAllowedByListeners`;
    await untilReported("False", "NotAccepted", namespace);
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    await work.apply(name, specOf());
    await untilReported("True", "SettingsIgnored");
    await work.delete(gatewayType, "closed");
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s`, async () => {
    assert.deepEqual(await writesOfAQuietMinute(work, traefikUser), { ours: [], theirs: [] });
  });

  it("does not keep a service from being Ready while it is stopped, and is not written to when our operator is upgraded", async () => {
    await control.processes.kill("traefik");
    await work.apply("later", specOf({ host: "later.example.com" }, { parentRefs: [] }, { replicas: 1 }));
    await work.untilCondition("later", "Ready", { status: "True" }, patiently);
    await work.untilCondition("later", "Exposed", { status: "Unknown", reason: "NoAddress" }, patiently);
    const writes = await writesOfAnUpgrade(work, async () => {
      await startOperator();
      await control.processes.restart("traefik");
      await untilTraefikResponds(control);
      await work.untilCondition("later", "Exposed", { status: "True" }, patiently);
      await untilRouted(byIngress);
      await untilRouted(byGateway);
    });
    assert.deepEqual(writes, []);
    await control.kubectl("delete", "gpumediaservice", "later", "-n", work.namespace, "--cascade=foreground");
  });
});
