/** Sessions whose packets arrive at another pod than the one that owns them. */
import assert from "node:assert/strict";
import { Registry } from "prom-client";
import { createLogger } from "../process/log.ts";
import { createLiveMetrics } from "../telemetry/live-metrics.ts";
import { LiveTelemetry } from "../telemetry/live-telemetry.ts";
import type { VideoCodec } from "./codec.ts";
import { Live } from "./live.ts";
import { Peers, type Peer } from "./peer-pods.ts";
import { podTag } from "./pod-tag.ts";
import { LiveClient } from "./testing/live-client.ts";
import { needsCodec } from "./testing/live-codec.ts";
import { liveSettings } from "./testing/live-settings.ts";
import { UdpBalancer } from "./testing/udp-balancer.ts";

describe("live sessions of several pods", () => {
  const peers: Peer[] = [];
  let codec: VideoCodec;
  let owner: Live;
  let others: readonly [Live, Live];

  before(async function () {
    codec = needsCodec(this);
    owner = await pod("10.0.0.1");
    others = [await pod("10.0.0.2"), await pod("10.0.0.3")];
  });
  after(async () => Promise.all([owner, ...(others ?? [])].map(async (live) => live?.stop())));

  async function pod(address: string): Promise<Live> {
    const tag = podTag(address);
    const live = await Live.start({
      settings: liveSettings,
      pipeline: {
        processFrame: async (frame) => ({ ...frame, timings: { queue: 0, decode: 0, inference: 0, encode: 0 } }),
      },
      telemetry: new LiveTelemetry(createLiveMetrics(new Registry())),
      log: createLogger("silent"),
      peers: new Peers({ ownTag: tag, resolve: async () => peers }),
    });
    peers.push({ tag, address: "127.0.0.1", httpPort: 9, udpPort: live.udpPort });
    return live;
  }

  /** A client of `owner` whose packets go through the balancer. */
  async function connect(balancer: UdpBalancer): Promise<LiveClient> {
    const client = new LiveClient({ codec, direction: "sendrecv" });
    const sdp = await client.offer();
    const { id, answer } = await owner.open({ kind: "exchange", stream: null, sdp, addresses: ["127.0.0.1"] });
    assert.match(answer, new RegExp(`^a=ice-ufrag:${podTag("10.0.0.1")}/\\w+\\r$`, "m"));
    if (await client.accept(answer.replaceAll(`127.0.0.1 ${owner.udpPort}`, `127.0.0.1 ${balancer.port}`)))
      return client;
    owner.close(id);
    await client.close();
    return connect(balancer);
  }

  it("connect when all their packets reach the wrong pod, and go on when a balancer moves them in mid-stream", async () => {
    const [first, second] = others;
    const balancer = await UdpBalancer.start(first.udpPort);
    const client = await connect(balancer);
    await until(() => client.received.length > 5);
    // A connection that failed before may still be there.
    assert.ok(first.forwarded >= 1);
    assert.deepEqual([owner.forwarded, second.forwarded], [0, 0]);
    for (const { udpPort } of [second, owner]) {
      balancer.move(udpPort);
      const before = client.received.length;
      await until(() => client.received.length > before + 5);
    }
    assert.equal(second.forwarded, 1);
    balancer.close();
    await client.close();
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
