/** Fewer replicas while streams are open: pods with streams stay, and one that has to go ends its streams in good time. */
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
import { atOnce, loopWorkspace, quick } from "./loop-cluster.ts";

type Pod = KubeObject & { readonly status: { readonly podIP: string } };

/** What a client sees of its stream. */
class Stream {
  readonly socket: WebSocket;
  pictures = 0;
  /** Milliseconds since 1970, when the processor said that it ends. */
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

  /** A frame, and its answer; or the stream is closed meanwhile. */
  async use(): Promise<void> {
    const before = this.pictures;
    this.socket.send(photograph);
    await until("an answer, or the end", () => this.pictures > before || !this.isOpen);
  }

  async useUntilClosed(): Promise<void> {
    while (this.isOpen) await this.use();
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }
}

describe("a scale-in", function () {
  this.timeout(240_000);
  const work = loopWorkspace("test");

  beforeEach(async () => {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"], metricsApiAddress: nodeAddress });
  });

  /** Two pods that serve; the first is the one that the ReplicaSet would delete, were both the same to it. */
  async function serve(name: string, spec: object): Promise<readonly [Pod, Pod]> {
    await work.apply(name, { ...quick, ...spec });
    for (const type of ["Ready", "MetricsReporting", "ScalingReady"]) {
      await work.untilCondition(name, type, { status: "True" }, { withinMs: 90_000 });
    }
    const ready = (await readyPods(work, name, 2)) as readonly Pod[];
    const [first, second] = ready.toSorted((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1));
    return [first ?? assert.fail(), second ?? assert.fail()];
  }

  /** The operator has heard of the pod's stream. */
  async function untilKnown({ metadata }: Pod): Promise<void> {
    const metric = `pods/${metadata.name}/gpumedia_active_sessions`;
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${work.namespace}/${metric}`;
    let said: unknown;
    const look = async (): Promise<boolean> => {
      said = await work.client.rawJson("GET", path).then(({ body }) => body, String);
      const { items = [] } = said as { readonly items?: readonly { readonly value: string }[] };
      return items.some(({ value }) => value !== "0");
    };
    await until("the operator to know of the stream", look, { withinMs: 60_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it says ${JSON.stringify(said)}`, { cause: error });
    });
  }

  const costOf = async ({ metadata }: Pod): Promise<string | undefined> =>
    (await work.get(pods, metadata.name))?.metadata.annotations?.[deletionCostAnnotation];

  async function untilGone({ metadata }: Pod): Promise<void> {
    await until(
      `${metadata.name} to go`,
      async () => ((await work.get(pods, metadata.name))?.metadata.deletionTimestamp === undefined ? undefined : true),
      { withinMs: 90_000 },
    );
  }

  it("by an autoscaler spares the pod with a stream, and costs two writes", async () => {
    const horizontal = { cpuUtilizationPercent: 0, minReplicas: 2, maxReplicas: 3, behavior: { scaleDown: atOnce } };
    const [busy, idle] = await serve("scaled", { gpu: { count: 1 }, autoscaling: { horizontal } });
    const stream = await Stream.open(busy, work.agent);
    await untilKnown(busy);
    assert.equal(await costOf(busy), undefined);
    await work.patch(serviceType, "scaled", [
      { op: "replace", path: "/spec/autoscaling/horizontal/minReplicas", value: 1 },
    ]);
    await untilGone(idle);
    await until("the cost to be taken back", async () => (await costOf(busy)) === undefined);
    await stream.use();
    assert.deepEqual([stream.isOpen, stream.pictures], [true, 1]);
    const written = work.writes().filter(({ objectRef }) => objectRef?.resource === "pods");
    assert.deepEqual(
      written.map(({ objectRef }) => objectRef?.name),
      [busy.metadata.name, busy.metadata.name],
    );
    stream.socket.close();
  });

  it("by hand spares it too; and when it is deleted, its streams end when idle, or after drain.timeout", async () => {
    const fixed = { gpu: { count: 0 }, autoscaling: { horizontal: { enabled: false } }, replicas: 2 };
    const [busy, idle] = await serve("held", fixed);
    const [used, unused] = [await Stream.open(busy, work.agent), await Stream.open(busy, work.agent)];
    await untilKnown(busy);
    await work.patch(serviceType, "held", [{ op: "replace", path: "/spec/replicas", value: 1 }]);
    await untilGone(idle);

    await work.delete(pods, busy.metadata.name);
    const using = used.useUntilClosed();
    assert.equal(await unused.closed, 1012);
    const code = await used.closed;
    const at = Date.now();
    await using;
    assert.equal(code, 1012);
    // The word may have come a moment late: it is the end that must not come early.
    const drainedMs = at - (used.drainingAt ?? assert.fail("it was not told to reconnect"));
    assert.ok(drainedMs > 9_000, `cut after ${drainedMs} ms of 10 s`);
  });
});
