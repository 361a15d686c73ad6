/** Scaling in while streams are open: pods with streams are kept, and a deleted pod drains its streams first. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { deletionCostAnnotation } from "@gpumedia/operator/src/observe/names.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { WebSocket, type Agent } from "undici";
import { photograph } from "../../cluster/process-node/client.ts";
import { nodeAddress } from "../../cluster/process-node/network-namespace.ts";
import { until } from "../../cluster/until.ts";
import { pods, readyPods } from "../operator/reporting-pods.ts";
import { atOnce, fixed, loopWorkspace, quick, untilScaling } from "./loop-cluster.ts";

type Pod = KubeObject & { readonly status: { readonly podIP: string } };

/** A client's stream. */
class Stream {
  readonly socket: WebSocket;
  pictures = 0;
  /** When the processor announced its shutdown, in milliseconds since 1970. */
  drainingAt: number | undefined;
  readonly closed: Promise<number>;

  static async open(pod: Pod, agent: Agent): Promise<Stream> {
    const stream = new Stream(new WebSocket(`ws://${pod.status.podIP}:8080/v1/stream`, { dispatcher: agent }));
    await once(stream.socket, "open");
    return stream;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, "close").then(([event]) => (event as { readonly code: number }).code);
    socket.addEventListener("message", ({ data }: { readonly data: unknown }) => {
      if (typeof data !== "string") this.pictures++;
      else if (data.includes('"draining"')) this.drainingAt = Date.now();
    });
  }

  /** Sends a picture, and waits until it is answered or the stream is closed. */
  async use(): Promise<void> {
    const before = this.pictures;
    this.socket.send(photograph);
    await until("a picture or the end of the stream", (see) => see(this.pictures) > before || !this.isOpen);
  }

  async useUntilClosed(): Promise<void> {
    while (this.isOpen) await this.use();
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }
}

describe("a scale-in", () => {
  const work = loopWorkspace("test");

  beforeEach(async () => {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"], metricsApiAddress: nodeAddress });
  });

  /** Starts two pods. The first is the one that the ReplicaSet would delete if both had the same deletion cost. */
  async function serve(name: string, spec: object): Promise<readonly [Pod, Pod]> {
    await work.apply(name, spec);
    await untilScaling(work, name);
    const ready = (await readyPods(work, name, 2)) as readonly Pod[];
    const [first, second] = ready.toSorted((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1));
    return [first ?? assert.fail(), second ?? assert.fail()];
  }

  /** Waits until the operator has collected the pod's report of its stream. */
  async function untilCollected({ metadata }: Pod): Promise<void> {
    const metric = `pods/${metadata.name}/gpumedia_active_sessions`;
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${work.namespace}/${metric}`;
    await until(`${metric} to be above 0`, async (see) => {
      const body = see(await work.client.rawJson("GET", path).then((response) => response.body, String));
      const { items = [] } = body as { readonly items?: readonly { readonly value: string }[] };
      return items.some(({ value }) => value !== "0");
    });
  }

  const costOf = async ({ metadata }: Pod): Promise<string | undefined> =>
    (await work.get(pods, metadata.name))?.metadata.annotations?.[deletionCostAnnotation];

  async function untilDeleted({ metadata }: Pod): Promise<void> {
    await until(
      `${metadata.name} to be deleted`,
      async (see) => see((await work.get(pods, metadata.name))?.metadata)?.deletionTimestamp !== undefined,
      { withinMs: 90_000 },
    );
  }

  it("by an autoscaler keeps the pod with a stream, and needs two writes", async () => {
    const horizontal = { cpuUtilizationPercent: 0, minReplicas: 2, maxReplicas: 3, behavior: { scaleDown: atOnce } };
    const [busy, idle] = await serve("scaled", { ...quick, gpu: { count: 1 }, autoscaling: { horizontal } });
    const stream = await Stream.open(busy, work.agent);
    await untilCollected(busy);
    assert.equal(await costOf(busy), undefined);
    await work.patch(serviceType, "scaled", [
      { op: "replace", path: "/spec/autoscaling/horizontal/minReplicas", value: 1 },
    ]);
    await untilDeleted(idle);
    await until("the deletion cost to be removed", async (see) => see(await costOf(busy)) === undefined);
    await stream.use();
    assert.deepEqual([stream.isOpen, stream.pictures], [true, 1]);
    const written = work.writes().filter(({ objectRef }) => objectRef?.resource === "pods");
    assert.deepEqual(
      written.map(({ objectRef }) => objectRef?.name),
      [busy.metadata.name, busy.metadata.name],
    );
    stream.socket.close();
  });

  it("by hand keeps it too, and its deletion closes idle streams at once and others after drain.timeout", async () => {
    const [busy, idle] = await serve("held", { ...fixed(2), gpu: { count: 0 } });
    const [used, unused] = [await Stream.open(busy, work.agent), await Stream.open(busy, work.agent)];
    await untilCollected(busy);
    await work.patch(serviceType, "held", [{ op: "replace", path: "/spec/replicas", value: 1 }]);
    await untilDeleted(idle);

    await work.delete(pods, busy.metadata.name);
    const using = used.useUntilClosed();
    assert.equal(await unused.closed, 1012);
    const code = await used.closed;
    const at = Date.now();
    await using;
    assert.equal(code, 1012);
    // The announcement may arrive late, which shortens the measured time.
    const drainedMs = at - (used.drainingAt ?? assert.fail("the shutdown was not announced"));
    assert.ok(drainedMs > 9_000, `closed after ${drainedMs} ms, drain.timeout 10 s`);
  });
});
