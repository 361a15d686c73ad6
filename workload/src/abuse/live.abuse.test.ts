/** Live video of the program as started in a container: clients that vanish, open and close, or send what is damaged, and SIGTERM. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync } from "node:fs";
import type { UtilizationReport } from "@gpumedia/api";
import type { VideoCodec } from "../live/codec.ts";
import { LiveClient } from "../live/testing/live-client.ts";
import { needsCodec } from "../live/testing/live-codec.ts";
import { mutatedOffer } from "../live/testing/mutated-offer.ts";
import { offerText } from "../live/testing/offers.ts";
import { bindingRequest } from "../live/testing/stun-packets.ts";
import { modelFile, pictureModelBytes } from "../testing/picture-models.ts";
import { seededRandom } from "../testing/random.ts";
import { type ProcessorProcess, processorProcess } from "./processor-process.ts";

/** `npm run live:cycles` has 200. */
const cycles = Number(process.env["LIVE_CYCLES"] ?? 6);
const mutations = 1000;
const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 1e6));

interface Connected {
  readonly client: LiveClient;
  readonly location: string;
  readonly ufrag: string;
}

describe("live video of the program", () => {
  let codec: VideoCodec;

  before(function () {
    codec = needsCodec(this);
  });

  /** A client that has received a frame. */
  async function connect(processor: ProcessorProcess): Promise<Connected> {
    const client = new LiveClient({ codec, direction: "sendrecv" });
    const response = await post(processor, await client.offer());
    const [answer, location] = [await response.text(), response.headers.get("location") ?? ""];
    assert.equal(response.status, 201, answer);
    if (await client.accept(answer)) {
      await until(() => client.received.length > 0);
      return { client, location, ufrag: /^a=ice-ufrag:(\S+)/m.exec(answer)?.[1] ?? "" };
    }
    await Promise.all([client.close(), remove(processor, location)]);
    return connect(processor);
  }

  it("ends three sessions by DTLS on SIGTERM, then exits with status 0, and leaves no process", async () => {
    await using processor = await start({ GPUMEDIA_DRAIN_TIMEOUT: "1s" });
    const clients = [await connect(processor), await connect(processor), await connect(processor)];
    const media = childrenOf(processor);
    assert.ok(media.length >= 3);
    processor.child.kill("SIGTERM");
    await until(() => clients.every(({ client }) => client.isClosed));
    assert.deepEqual(await processor.exited, { code: 0, signal: null });
    await until(() => !media.some(isRunning));
    await Promise.all(clients.map(async ({ client }) => client.close()));
  });

  it("releases the sockets, descriptors and processes of clients that vanish", async () => {
    await using processor = await start({ GPUMEDIA_LIVE_TIMEOUTS_SILENT: "8s" });
    await end(processor, await connect(processor));
    await until(() => childrenOf(processor).length === 1);
    const before = descriptorsOf(processor);
    const clients = [await connect(processor), await connect(processor)];
    for (const { client } of clients) client.vanish();
    await until(async () => (await report(processor)).sessions === 0);
    await until(() => childrenOf(processor).length === 1 && descriptorsOf(processor) <= before);
    assert.equal(await endedBy(processor, "silent"), 2);
    // They are still here, with their timers.
    await Promise.all(clients.map(async ({ client }) => client.close()));
    await end(processor, await connect(processor));
  });

  it(`keeps memory, descriptors and processes flat over ${cycles} sessions`, async function () {
    this.timeout(60_000 + cycles * 20_000);
    await using processor = await start();
    const measured: { readonly descriptors: number; readonly mebibytes: number }[] = [];
    for (let cycle = 0; cycle <= cycles; cycle++) {
      await end(processor, await connect(processor));
      await until(() => childrenOf(processor).length === 1);
      measured.push({
        descriptors: descriptorsOf(processor),
        mebibytes: Math.round(processor.residentBytes() / 1024 / 1024),
      });
    }
    const quarters = [0, 0.25, 0.5, 0.75, 1].map((part) => measured[Math.round(part * cycles)]);
    process.stdout.write(`      ${JSON.stringify(quarters)}\n`);
    const [first] = measured;
    await until(() => descriptorsOf(processor) <= (first?.descriptors ?? 0));
    // The heap grows until it is collected: what every session leaves behind shows in the second half of many.
    const [, , half, , last] = quarters.map((each) => each?.mebibytes ?? 0);
    assert.ok((last ?? 0) - (half ?? 0) < 64, `${half} MiB, then ${last} MiB`);
  });

  it(`answers ${mutations} mutated offers with 4xx, unless they are still right, and no process dies (FUZZ_SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    // One media process gets all of them.
    await using processor = await start({ GPUMEDIA_LIVE_SESSIONS_PER_PROCESS: "1000" });
    await end(processor, await connect(processor));
    const media = childrenOf(processor);
    const statuses = new Map<number, number>();
    for (let run = 0; run < mutations; run++) {
      const offer = mutatedOffer(offerText({ direction: "sendrecv" }), random);
      const response = await post(processor, offer);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      await response.arrayBuffer();
      assert.ok(response.status === 201 || (response.status >= 400 && response.status < 500), `${response.status}`);
      if (response.status === 201) await remove(processor, response.headers.get("location") ?? "");
    }
    process.stdout.write(`      ${JSON.stringify(Object.fromEntries(statuses))}\n`);
    assert.deepEqual([await endedBy(processor, "media-process-died"), childrenOf(processor)], [0, media]);
    await end(processor, await connect(processor));
  });

  it(`ignores ${mutations} mutated STUN packets, and the session that they name goes on (FUZZ_SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    await using processor = await start();
    const session = await connect(processor);
    const media = childrenOf(processor);
    const socket = createSocket("udp4");
    const port = session.client.remotePort;
    for (let run = 0; run < mutations; run++) {
      const packet = bindingRequest(session.ufrag, random() < 0.5);
      for (let count = 0; count < 4; count++) packet[Math.floor(random() * packet.length)] = random() * 256;
      const length = random() < 0.3 ? Math.ceil(random() * packet.length) : packet.length;
      await new Promise<void>((resolve) => {
        socket.send(packet.subarray(0, length), port, "127.0.0.1", () => resolve());
      });
    }
    let answers = 0;
    socket.on("message", () => answers++);
    const { length } = session.client.received;
    await until(() => session.client.received.length > length + 5);
    assert.deepEqual([answers, childrenOf(processor)], [0, media]);
    socket.close();
    await end(processor, session);
  });

  it("answers 503 with Retry-After and the reason when all sessions are taken, and while it shuts down", async () => {
    await using processor = await start({ GPUMEDIA_LIVE_LIMITS_SESSIONS: "1", GPUMEDIA_DRAIN_TIMEOUT: "20s" });
    const session = await connect(processor);
    const refused = async () => {
      const response = await post(processor, offerText({ direction: "sendrecv" }));
      const { type, detail } = (await response.json()) as { readonly type: string; readonly detail: string };
      return [response.status, response.headers.get("retry-after"), type.split(":").at(-1), detail];
    };
    const full = [503, "1", "too-many-live-sessions", "1 sessions are open: live.limits.sessions"];
    assert.deepEqual(await refused(), full);
    processor.child.kill("SIGTERM");
    await until(async () => (await fetch(`${processor.url}/readyz`)).status === 503);
    assert.deepEqual(await refused(), [503, "1", "live-draining", "the processor is shutting down"]);
    // The session goes on meanwhile.
    const { length } = session.client.received;
    await until(() => session.client.received.length > length);
    await end(processor, session);
  });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<ProcessorProcess> {
  const live = { GPUMEDIA_LIVE_ENABLED: "true", GPUMEDIA_LIVE_UDP_PORT: "0", GPUMEDIA_LIVE_UDP_HOST: "127.0.0.1" };
  return processorProcess({
    ...live,
    GPUMEDIA_MODEL_PATH: modelFile(pictureModelBytes()),
    GPUMEDIA_WORKERS: "1",
    ...env,
  });
}

async function post({ url }: ProcessorProcess, offer: string): Promise<Response> {
  return fetch(`${url}/v1/exchange`, { method: "POST", body: offer, headers: { "content-type": "application/sdp" } });
}

async function remove({ url }: ProcessorProcess, location: string): Promise<void> {
  await fetch(`${url}${location}`, { method: "DELETE" });
}

async function end(processor: ProcessorProcess, { client, location }: Connected): Promise<void> {
  await remove(processor, location);
  await client.close();
}

async function report({ url }: ProcessorProcess): Promise<NonNullable<UtilizationReport["live"]>> {
  const { live } = (await (await fetch(`${url}/utilization`)).json()) as UtilizationReport;
  return live ?? assert.fail("no live video");
}

async function endedBy({ url }: ProcessorProcess, reason: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^gpumedia_live_sessions_ended_total\\{reason="${reason}"\\} (\\d+)$`, "m").exec(text)?.[1]);
}

/** The media processes, of which one is ready for the next session. */
function childrenOf({ child }: ProcessorProcess): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0 && parentOf(pid) === child.pid);
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in parentheses may contain anything.
    const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return state === "Z" ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  return parentOf(pid) !== undefined;
}

function descriptorsOf({ child }: ProcessorProcess): number {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
