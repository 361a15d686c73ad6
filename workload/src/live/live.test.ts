import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Registry } from "prom-client";
import { createLogger } from "../process/log.ts";
import { createLiveMetrics } from "../telemetry/live-metrics.ts";
import { LiveTelemetry } from "../telemetry/live-telemetry.ts";
import { seededRandom } from "../testing/random.ts";
import type { VideoCodec } from "./codec.ts";
import type { Opened } from "./live-interface.ts";
import { Live } from "./live.ts";
import type { SessionKind } from "./offer.ts";
import { LiveClient } from "./testing/live-client.ts";
import { needsCodec } from "./testing/live-codec.ts";
import { bindingRequest } from "./testing/stun-packets.ts";
import { UdpEndpoint } from "./testing/udp-endpoint.ts";
import { liveSettings as settings } from "./testing/live-settings.ts";
import { UdpBalancer } from "./testing/udp-balancer.ts";
import { offerText } from "./testing/offers.ts";

const directions = { publish: "sendonly", view: "recvonly", exchange: "sendrecv" } as const;

interface Connected extends Opened {
  readonly client: LiveClient;
}

interface Client {
  readonly edit?: (offer: string) => string;
  readonly codec?: VideoCodec;
  readonly audio?: boolean;
  /** Where it sends its packets. */
  readonly port?: number;
}

describe("live sessions", () => {
  const registry = new Registry();
  let codec: VideoCodec;
  let live: Live;
  let clients: LiveClient[] = [];
  let nowMs = 0;

  before(async function () {
    codec = needsCodec(this);
    live = await Live.start({
      settings,
      // The model returns what it gets.
      pipeline: {
        processFrame: async (frame) => ({ ...frame, timings: { queue: 0, decode: 0, inference: 0, encode: 0 } }),
      },
      telemetry: new LiveTelemetry(createLiveMetrics(registry)),
      log: createLogger("silent"),
      now: () => nowMs,
    });
  });
  afterEach(async () => {
    await Promise.all(clients.map(async (client) => client.close()));
    clients = [];
    for (const id of live?.processes.keys() ?? []) {
      // A publisher's viewers end with it.
      if (live.processes.has(id)) live.close(id);
    }
  });
  after(async () => live?.stop());

  async function open(
    kind: SessionKind,
    stream: string | null,
    { edit = (offer) => offer, codec: its = codec, audio = false }: Client = {},
  ): Promise<Connected> {
    const client = new LiveClient({ codec: its, direction: directions[kind], audio });
    clients.push(client);
    const opened = await live.open({ kind, stream, sdp: edit(await client.offer()), addresses: ["127.0.0.1"] });
    return { ...opened, client };
  }

  async function connect(kind: SessionKind, stream: string | null, its: Client = {}): Promise<Connected> {
    const opened = await open(kind, stream, its);
    const answer = opened.answer.replaceAll(`127.0.0.1 ${live.udpPort}`, `127.0.0.1 ${its.port ?? live.udpPort}`);
    if (await opened.client.accept(answer)) return opened;
    if (isOpen(opened)) live.close(opened.id);
    return connect(kind, stream, its);
  }

  async function ended(reason: string): Promise<number> {
    const metric = await registry.getSingleMetric("gpumedia_live_sessions_ended_total")?.get();
    return metric?.values.find(({ labels }) => labels["reason"] === reason)?.value ?? Number.NaN;
  }

  function isOpen({ id }: Opened): boolean {
    return live.processes.has(id);
  }

  it("show one publisher to its viewers, each of whom starts with a key frame, and end them with it", async () => {
    const publisher = await connect("publish", "garden");
    const viewers = [await connect("view", "garden"), await connect("view", "garden")];
    for (const { client } of viewers) await until(() => client.received.length >= 3);
    assert.deepEqual(
      viewers.map(({ client }) => [client.received[0]?.width, client.received[0]?.height]),
      [
        [160, 120],
        [160, 120],
      ],
    );
    live.close(publisher.id);
    assert.deepEqual([publisher, ...viewers].map(isOpen), [false, false, false]);
    // By DTLS, before they would notice the silence.
    await until(() => [publisher, ...viewers].every(({ client }) => client.isClosed));
  });

  it("show a stream to viewers of each codec, whatever its publisher sends", async function () {
    const h264 = needsCodec(this, "H264");
    await connect("publish", "garden", { edit: withoutCandidates, codec: h264 });
    const viewers = [await connect("view", "garden"), await connect("view", "garden", { codec: h264 })];
    for (const { client } of viewers) await until(() => client.received.length >= 3);
    assert.deepEqual(
      viewers.map(({ client }) => client.received[0]?.width),
      [160, 160],
    );
  });

  it("go through the model and back in H.264, with key frames on demand and changes of the size", async function () {
    const { client } = await connect("exchange", null, { codec: needsCodec(this, "H264") });
    await until(() => client.received.length > 0);
    const before = client.keyFrames;
    await client.requestKeyFrame("PLI");
    await until(() => client.keyFrames > before);
    client.size = { width: 241, height: 181 };
    await until(() => client.received.some(({ width, height }) => width === 240 && height === 180));
  });

  it("carry audio as it is, from a publisher to the viewers that offer it, and back to a client alone", async () => {
    const publisher = await connect("publish", "garden", { audio: true });
    const [hears, watches] = [await connect("view", "garden", { audio: true }), await connect("view", "garden")];
    assert.match(hears.answer, /^m=audio [1-9].*\r\n(.*\r\n)*a=rtpmap:\d+ opus\/48000\/2\r$/im);
    assert.doesNotMatch(watches.answer, /^m=audio/m);
    await speak(publisher.client, () => hears.client.heard.length >= 10);
    for (const payload of hears.client.heard) {
      assert.ok(publisher.client.said.some((said) => said.equals(payload)));
    }
    live.close(publisher.id);
    const alone = await connect("exchange", null, { audio: true });
    await speak(alone.client, () => alone.client.heard.length >= 10);
    for (const payload of alone.client.heard) assert.ok(alone.client.said.some((said) => said.equals(payload)));
  });

  it("are encoded again for a viewer that can receive less, and go on for the others", async () => {
    await connect("publish", "garden");
    const fast = await connect("view", "garden");
    const slow = await connect("view", "garden");
    // Its first key frame was that of both.
    await until(() => slow.client.received.length > 0 && fast.client.received.length > 3);
    const before = [fast.client.keyFrames, slow.client.keyFrames];
    slow.client.reportReceivable(200);
    await until(() => slow.client.keyFrames > (before[1] ?? 0));
    const { length } = fast.client.received;
    await until(() => fast.client.received.length > length);
    assert.equal(fast.client.keyFrames, before[0]);
  });

  it("are alone in what damaged video does to them", async function () {
    const codecs = [codec, needsCodec(this, "H264")];
    const other = await connect("exchange", null);
    for (const each of codecs) {
      const damaged = await connect("exchange", null, { codec: each });
      await until(() => damaged.client.received.length > 0);
      damaged.client.damageEvery(2, seededRandom(3));
      const { sentPackets } = damaged.client;
      await until(() => damaged.client.sentPackets > sentPackets + 80 || !isOpen(damaged));
      if (isOpen(damaged)) live.close(damaged.id);
    }
    const before = other.client.received.length;
    await until(() => other.client.received.length > before);
  });

  const sizes = [
    ["a phone that is turned", { width: 120, height: 160 }],
    ["a size that is odd", { width: 161, height: 121 }],
    ["a size that is larger than before", { width: 240, height: 180 }],
  ] as const;
  for (const [what, size] of sizes) {
    it(`follow ${what} in mid-stream`, async () => {
      const { client } = await connect("exchange", null);
      await until(() => client.received.length > 0);
      client.size = size;
      await until(() => client.received.some(({ width, height }) => width === size.width && height === size.height));
    });
  }

  it("drop frames above the limit of pixels, and go on with the next that is within", async () => {
    const { client } = await connect("exchange", null);
    await until(() => client.received.length > 0);
    client.size = { width: 400, height: 300 };
    await pause(500);
    client.size = { width: 100, height: 80 };
    await until(() => client.received.some(({ width }) => width === 100));
    assert.ok(client.received.every(({ width }) => width !== 400));
  });

  for (const by of ["PLI", "FIR"] as const) {
    it(`send a key frame when a client that also sends video asks for one by ${by}`, async () => {
      const { client } = await connect("exchange", null);
      await until(() => client.received.length > 0);
      const before = client.keyFrames;
      await client.requestKeyFrame(by);
      await until(() => client.keyFrames > before);
    });
  }

  const offers = [
    ["of FFmpeg, which is passive", "active", (offer: string) => offer.replace("a=setup:actpass", "a=setup:passive")],
    ["without candidates", "passive", withoutCandidates],
    [
      "of several sizes at once",
      "passive",
      (offer: string) =>
        offer.replace("a=mid:0", "a=mid:0\r\na=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;f"),
    ],
  ] as const;
  it("answer an offer of H.264 alone, passive and without candidates, as of FFmpeg", async function () {
    const edit = (offer: string) => withoutCandidates(offer).replace("a=setup:actpass", "a=setup:passive");
    const { answer } = await open("publish", "ffmpeg", { edit, codec: needsCodec(this, "H264") });
    assert.match(answer, /^a=rtpmap:\d+ H264\/90000\r$/m);
    assert.match(answer, /^a=fmtp:\d+ .*profile-level-id=42e01f/m);
    assert.match(answer, /^a=setup:active\r$/m);
  });

  for (const [what, setup, edit] of offers) {
    it(`answer an offer ${what}`, async () => {
      const { answer } = await open("publish", "odd", { edit });
      assert.equal(/^a=setup:(\w+)\r$/m.exec(answer)?.[1], setup);
      assert.match(answer, /^a=ice-lite\r$/m);
      assert.doesNotMatch(answer, /^a=(simulcast|rid):/m);
      assert.deepEqual(answer.match(/^a=candidate:.*$/gm), [
        `a=candidate:1 1 udp 2130706431 127.0.0.1 ${live.udpPort} typ host`,
      ]);
    });
  }

  it("are alone in ending when their media process is killed", async () => {
    const [killed, other] = [await connect("exchange", null), await connect("exchange", null)];
    process.kill(live.processes.get(killed.id) ?? 0, "SIGKILL");
    await until(() => !isOpen(killed));
    const before = other.client.received.length;
    await until(() => other.client.received.length > before);
    const next = await connect("exchange", null);
    await until(() => next.client.received.length > 0);
    assert.ok((await ended("media-process-died")) >= 1);
  });

  it("end when their client has been silent for live.timeouts.silent", async () => {
    const session = await connect("exchange", null);
    await until(() => session.client.received.length > 0);
    session.client.vanish();
    const before = await ended("silent");
    nowMs += settings.timeouts.silentMs;
    live.endExpired();
    assert.ok(isOpen(session));
    // Packets of the client may have been on their way until now.
    await until(() => {
      nowMs += 1;
      live.endExpired();
      return !isOpen(session);
    });
    assert.equal(await ended("silent"), before + 1);
  });

  it("end when their client does not connect within live.timeouts.connect", async () => {
    const session = await open("exchange", null);
    nowMs += settings.timeouts.connectMs;
    live.endExpired();
    assert.ok(isOpen(session));
    nowMs += 1;
    live.endExpired();
    assert.ok(!isOpen(session));
  });

  it("are refused above live.limits.sessions, and accepted again when one has ended", async () => {
    const sessions: Opened[] = [];
    for (let count = 0; count < settings.limits.sessions; count++) sessions.push(await open("exchange", null));
    await assert.rejects(open("exchange", null), {
      code: "too-many-live-sessions",
      message: "3 sessions are open: live.limits.sessions",
    });
    live.close(sessions[0]?.id ?? "");
    await open("exchange", null);
  });

  it("leave no process, descriptor or session behind", async () => {
    const { readdirSync } = await import("node:fs");
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    const cycle = async (): Promise<void> => {
      const session = await connect("exchange", null);
      await until(() => session.client.received.length > 0);
      live.close(session.id);
      await session.client.close();
      await live.idle();
    };
    await cycle();
    const before = descriptors();
    for (let count = 0; count < 4; count++) await cycle();
    await until(() => descriptors() <= before);
    assert.equal(live.processes.size, 0);
  });

  it("announce the addresses and the port of a load balancer", async () => {
    const announced = { publicAddresses: ["203.0.113.7"], publicPort: 3478 };
    const balanced = await Live.start({
      settings: { ...settings, ...announced },
      pipeline: { processFrame: async () => assert.fail() },
      telemetry: new LiveTelemetry(createLiveMetrics(new Registry())),
      log: createLogger("silent"),
    });
    const { answer } = await balanced.open({
      kind: "publish",
      stream: "a",
      sdp: offerText(),
      addresses: ["127.0.0.1"],
    });
    await balanced.stop();
    assert.match(answer, /^a=candidate:1 1 udp \d+ 203\.0\.113\.7 3478 typ host\r$/m);
    assert.equal(answer.match(/^a=candidate:/gm)?.length, 1);
  });

  it("cannot start on a port that is in use", async () => {
    const options = { pipeline: { processFrame: async () => assert.fail() }, log: createLogger("silent") };
    const used = { ...settings, udpPort: live.udpPort };
    await assert.rejects(
      Live.start({ ...options, settings: used, telemetry: new LiveTelemetry(createLiveMetrics(new Registry())) }),
      {
        message: `live.udpPort: cannot listen on UDP port ${live.udpPort}: EADDRINUSE`,
      },
    );
  });

  it("go on without signalling when a balancer moves their client", async () => {
    const balancer = await UdpBalancer.start(live.udpPort);
    const { client } = await connect("exchange", null, { port: balancer.port });
    await until(() => client.received.length > 0);
    balancer.move(live.udpPort);
    const before = client.received.length;
    // Those that were on their way, and then some.
    await until(() => client.received.length > before + 5);
    balancer.close();
  });

  it("are not sent to an address whose STUN request lacks the session's password", async () => {
    const { client, answer } = await connect("exchange", null);
    const ufrag = /a=ice-ufrag:(\S+)/.exec(answer)?.[1] ?? "";
    await using stranger = await UdpEndpoint.open();
    for (let count = 0; count < 20; count++) stranger.send(bindingRequest(ufrag, true), live.udpPort);
    const before = client.received.length;
    await until(() => client.received.length > before + 3);
    assert.deepEqual(stranger.received, []);
  });

  it("survive packets that are no STUN, or of no session", async () => {
    const { client } = await connect("exchange", null);
    const socket = createSocket("udp4");
    const packets = [
      Buffer.alloc(0),
      Buffer.alloc(3),
      Buffer.alloc(2000, 0xff),
      Buffer.from("0001ffff2112a442", "hex"),
    ];
    for (const packet of packets) socket.send(packet, live.udpPort, "127.0.0.1");
    const before = client.received.length;
    await until(() => client.received.length > before);
    socket.close();
  });
});

/** Says different things until they have been heard. */
async function speak(client: LiveClient, isHeard: () => boolean): Promise<void> {
  const random = seededRandom(48);
  while (!isHeard()) {
    client.say(Buffer.from(Array.from({ length: 1 + random() * 200 }, () => random() * 256)));
    await pause(20);
  }
}

function withoutCandidates(offer: string): string {
  return offer.replaceAll(/^a=(candidate|end-of-candidates).*\r\n/gm, "");
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
