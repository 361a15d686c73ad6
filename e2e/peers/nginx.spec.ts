/** A real nginx with the settings of the rendered Ingress in front of running processors: the guide's, and the default. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import type { GpuMediaServiceSpec, GpuMediaServiceStatus } from "@gpumedia/api";
import { desiredChildren } from "@gpumedia/operator/src/desired/children.ts";
import { sampleContext, sampleService } from "@gpumedia/operator/src/desired/service.sample.ts";
import { samplePod } from "@gpumedia/operator/src/observe/pod-view.sample.ts";
import { utilizationStatus } from "@gpumedia/operator/src/status/utilization.ts";
import { readPods } from "@gpumedia/operator/src/utilization/reading.ts";
import { readReport, type Sample } from "@gpumedia/operator/src/utilization/sample.ts";
import { UtilizationWindow, windowMs } from "@gpumedia/operator/src/utilization/window.ts";
import { realProcessor, type RealProcessor } from "@gpumedia/processor/src/routes/testing/real-processor.ts";
import { Agent } from "undici";
import { keepBusy, photograph, sizeOf, streamPicture } from "../cluster/process-node/client.ts";
import { until } from "../cluster/until.ts";
import { Nginx, whyNoNginx } from "./nginx.ts";

const intervalMs = 15_000;
/** A low band: a machine that is shared with others does not keep a worker busy all the time. */
const slo = { gpuUtilization: { min: 20, max: 40 } };

describe("uploads through nginx, as ingress-nginx configures it", () => {
  const stack = new AsyncDisposableStack();
  const processors: RealProcessor[] = [];

  before(async function () {
    const why = whyNoNginx();
    if (why !== undefined) {
      // nginx is a program of the system that npm cannot install.
      process.stdout.write(`    skipped: ${why}\n`);
      return this.skip();
    }
    // One after another: their models load on the same CPUs.
    for (let pod = 0; pod < 3; pod++) processors.push(stack.use(await realProcessor({ workers: 1 })));
  });
  after(() => stack.disposeAsync());

  /** nginx as ingress-nginx would configure it from the Ingress of the service. */
  async function startNginx(spec: GpuMediaServiceSpec): Promise<Nginx> {
    return Nginx.start({
      annotations: annotationsOf(spec),
      pods: processors.map(
        ({ port }) =>
          () =>
            createConnection(port, "127.0.0.1"),
      ),
    });
  }

  /** Sends uploads through nginx until the reports are as expected; returns the requests of each pod. */
  async function loaded(spec: GpuMediaServiceSpec, isLoaded: (busy: readonly number[]) => boolean): Promise<Loaded> {
    await using nginx = await startNginx(spec);
    const agent = new Agent();
    const endLoad = keepBusy(nginx.address, agent, 3);
    try {
      // The samples that met the expectation: later ones may not, as the machine has other work.
      const samples = await until("the load", async (see) => {
        const reported = await Promise.all(processors.map(report));
        return isLoaded(see(reported.map(({ workersBusyPercent }) => workersBusyPercent))) && reported;
      });
      return { requests: nginx.requests, status: statusOf(spec, samples) };
    } finally {
      await endLoad();
      await agent.destroy();
    }
  }

  it("are all sent to one pod by the guide's hash, and the status names it as the likely cause", async () => {
    const spec = { network: { ingress: { hashBy: "$request_uri" } } };
    const { requests, status } = await loaded(spec, (busy) => Math.max(...busy) > 60);
    assert.equal(requests.filter((count) => count > 0).length, 1, String(requests));
    assert.equal(status.bottleneck, "Skew");
    const [SloMet] = status.conditions ?? [];
    assert.deepEqual([SloMet?.status, SloMet?.reason], ["False", "LoadSkewed"]);
    assert.match(
      SloMet?.message ?? "",
      /1 of 3 pods .* the likely cause is hashing: network\.ingress\.hashBy \$request_uri/,
    );
  });

  it("reach all pods by default", async () => {
    const { requests, status } = await loaded({}, (busy) => Math.min(...busy) > 10);
    assert.ok(Math.min(...requests) > 0, String(requests));
    assert.notEqual(status.bottleneck, "Skew");
  });

  it("of 10 MiB are routed, and nginx refuses a larger one, of which no pod hears", async () => {
    await using nginx = await startNginx({});
    const limit = 10 * 1_048_576;
    // A decoder ignores what follows the end of a JPEG.
    const padded = Buffer.concat([photograph, Buffer.alloc(limit - photograph.length)]);
    assert.equal((await upload(nginx, padded)).status, 200);
    const before = String(nginx.requests);
    assert.equal((await upload(nginx, new Uint8Array(limit + 1))).status, 413);
    assert.equal(String(nginx.requests), before);
  });

  it("may be a stream", async () => {
    await using nginx = await startNginx({});
    const address = `${nginx.address.replace("http", "ws")}/v1/stream`;
    assert.deepEqual(sizeOf(await streamPicture(address)), [1280, 854]);
  });

  const hanging: {
    readonly [title: string]: { readonly ingress: object; readonly bytes: number; readonly reads: boolean };
  } = {
    "a pod that does not answer: readTimeout": { ingress: { readTimeout: "1s" }, bytes: 1, reads: true },
    "a pod that does not read: sendTimeout": { ingress: { sendTimeout: "1s" }, bytes: 9_000_000, reads: false },
  };
  for (const [title, { ingress, bytes, reads }] of Object.entries(hanging)) {
    it(`end with 504 at ${title}`, async () => {
      await using pod = await hangingPod(reads);
      await using nginx = await Nginx.start({
        annotations: annotationsOf({ network: { ingress } }),
        pods: [() => createConnection(pod.port, "127.0.0.1")],
      });
      assert.equal((await upload(nginx, new Uint8Array(bytes))).status, 504);
    });
  }

  it("reach all pods by default also where pictures come by URL, each of which keeps its pod", async () => {
    const spec = { processing: { upstream: { allowedHosts: ["img.example.com"] } } };
    await using nginx = await startNginx(spec);
    const post = async (_: unknown, size: number): Promise<void> => {
      const body = new Uint8Array(30_000 + size);
      await (await fetch(`${nginx.address}/v1/process`, { method: "POST", body })).arrayBuffer();
    };
    await Promise.all(Array.from({ length: 60 }, post));
    const uploads = [...nginx.requests];
    assert.ok(Math.min(...uploads) > 0, String(uploads));
    const get = async (user: number): Promise<void> => {
      const headers = { "user-agent": `browser ${user}` };
      await (await fetch(`${nginx.address}/v1/process?url=https://img.example.com/a.jpg`, { headers })).arrayBuffer();
    };
    for (let user = 0; user < 10; user++) await get(user);
    const pictures = nginx.requests.map((count, at) => count - (uploads[at] ?? 0));
    assert.deepEqual(
      pictures.toSorted((a, b) => a - b),
      [0, 0, 10],
    );
  });
});

interface Loaded {
  readonly requests: readonly number[];
  readonly status: GpuMediaServiceStatus;
}

/** The annotations of the rendered Ingress. */
function annotationsOf(spec: GpuMediaServiceSpec): Readonly<Record<string, string>> {
  const ingress = { ...spec.network?.ingress, enabled: true, host: "media.example.com" };
  const children = desiredChildren(sampleService({ ...spec, network: { ingress } }), sampleContext);
  return children.find(({ role }) => role === "ingress")?.manifest?.metadata.annotations ?? {};
}

function upload({ address }: Nginx, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${address}/v1/process`, { method: "POST", body, headers: { "content-type": "image/jpeg" } });
}

/** Accepts connections, and never answers. */
async function hangingPod(reads: boolean): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    if (reads) socket.resume();
    else socket.pause();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function report(processor: RealProcessor | undefined): Promise<Sample> {
  const sample = readReport(await (await fetch(`${processor?.url}/utilization`)).text());
  if ("problem" in sample) return assert.fail(sample.problem);
  return sample;
}

/** What the operator writes after a minute of such reports. */
function statusOf(spec: GpuMediaServiceSpec, samples: readonly Sample[]): GpuMediaServiceStatus {
  const pods = samples.map((_, at) => samplePod({ name: `pod-${at}`, uid: `${at}`, ip: "127.0.0.1", ready: true }));
  const window = new UtilizationWindow(2 * intervalMs);
  for (let now = 0; now <= windowMs; now += intervalMs) {
    for (const [at, sample] of samples.entries()) {
      const pod = pods[at] ?? assert.fail("no pod");
      window.begin(pod, now);
      window.report(pod.uid, sample, now);
    }
  }
  const reading = { ...readPods(pods, window, () => undefined, windowMs), warmingUp: false, mayMove: true };
  const network = { ingress: { ...spec.network?.ingress, enabled: true, host: "media.example.com" } };
  const service = sampleService({ ...spec, network, slo });
  const { SloMet, bottleneck } = utilizationStatus({
    service,
    reading,
    before: undefined,
    now: "2026-01-01T00:00:00Z",
  });
  return { bottleneck, conditions: [{ type: "SloMet", ...SloMet, lastTransitionTime: "" }] };
}
