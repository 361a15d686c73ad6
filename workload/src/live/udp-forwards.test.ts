/** Two pods' UDP ports, and a stranger who would like to have packets sent somewhere. */
import assert from "node:assert/strict";
import { Peers, type Peer } from "./peer-pods.ts";
import { podTag } from "./pod-tag.ts";
import { readStun } from "./stun.ts";
import { bindingRequest, bindingResponse } from "./testing/stun-packets.ts";
import { UdpEndpoint } from "./testing/udp-endpoint.ts";
import { UdpMux } from "./udp-mux.ts";

const [ownerTag, otherTag] = [podTag("10.0.0.1"), podTag("10.0.0.2")];
const ufrag = `${ownerTag}/c0ffee`;

describe("packets for a session of another pod", () => {
  let nowMs = 0;
  let owner: UdpMux;
  let other: UdpMux;
  let media: UdpEndpoint;
  let peers: readonly Peer[] = [];

  const peer = (tag: string, udpPort: number): Peer => ({ tag, address: "127.0.0.1", httpPort: 9, udpPort });
  const listen = async (ownTag: string): Promise<UdpMux> => {
    const known = new Peers({ ownTag, resolve: async () => peers, now: () => nowMs });
    const mux = await UdpMux.listen(0, { now: () => nowMs, peers: known });
    await known.all();
    return mux;
  };

  beforeEach(async () => {
    nowMs = 0;
    owner = await listen(ownerTag);
    peers = [peer(ownerTag, owner.port)];
    other = await listen(otherTag);
    media = await UdpEndpoint.open();
    media.onPacket((packet, port) => {
      if (readStun(packet)?.kind === "request") media.send(bindingResponse(packet, true), port);
    });
    owner.add(ufrag, media.port);
  });
  afterEach(async () => {
    await Promise.all([owner.close(), other.close()]);
    await media[Symbol.asyncDispose]();
  });

  /** What the media process sends to. */
  function towardsClient(): number {
    return media.received.at(-1)?.port ?? assert.fail("no packet has come");
  }

  /** Moves the clock in steps, in which the pod asks for its peers and forgets clients, as it does each second. */
  async function wait(ms: number): Promise<void> {
    for (const end = nowMs + ms; nowMs < end;) {
      nowMs = Math.min(end, nowMs + 1001);
      other.sweep();
      await new Promise((resolve) => setImmediate(resolve));
    }
    other.sweep();
  }

  it("reach it through any pod, and its answers the client", async () => {
    await using client = await connected(other);
    client.send("up", other.port);
    await until(() => media.has("up"));
    media.send("down", towardsClient());
    await until(() => client.has("down"));
    assert.ok(client.received.every(({ port }) => port === other.port));
    assert.deepEqual([other.forwarded, owner.forwarded], [1, 0]);
  });

  it("reach it after a balancer has moved the client to another pod in mid-stream, and back", async () => {
    await using client = await connected(owner);
    for (const [index, mux] of [other, owner].entries()) {
      client.send(bindingRequest(ufrag, true), mux.port);
      await until(() => client.received.some(({ port }) => port === mux.port));
      client.send(`up ${index}`, mux.port);
      await until(() => media.has(`up ${index}`));
      media.send(`down ${index}`, towardsClient());
      await until(() => client.has(`down ${index}`));
    }
  });

  it("go nowhere but to pods of the service: neither to other addresses nor round in circles", async () => {
    await using bystander = await UdpEndpoint.open();
    // Whatever a ufrag has: an address, the tag of one that is no pod, the pod's own.
    const ufrags = [
      `127.0.0.1:${bystander.port}`,
      `${podTag("127.0.0.1")}/a`,
      `${otherTag}/a`,
      `${ownerTag}/gone`,
      "a",
    ];
    await using stranger = await UdpEndpoint.open();
    for (const name of ufrags) stranger.send(bindingRequest(name, true), other.port);
    stranger.send("up", other.port);
    await using client = await connected(other);
    assert.deepEqual([bystander.received, stranger.received, media.has("up")], [[], [], false]);
    assert.ok(client.received.length > 0);
    peers = [peer(ownerTag, owner.port), peer(podTag("127.0.0.1"), bystander.port)];
    await wait(1001);
    stranger.send(bindingRequest(`${podTag("127.0.0.1")}/a`), other.port);
    await until(() => bystander.received.length === 1);
  });

  it("reach it although the pods were last asked for long ago", async () => {
    nowMs += 60_000;
    await using client = await UdpEndpoint.open();
    client.send(bindingRequest(ufrag, true), other.port);
    await until(() => client.received.length > 0);
  });

  it("are not forwarded any longer to a pod that has gone", async () => {
    await using client = await connected(other);
    peers = [];
    await wait(1001);
    assert.equal(other.forwarded, 0);
    client.send("up", other.port);
    client.send(bindingRequest(ufrag, true), other.port);
    await using direct = await connected(owner);
    assert.deepEqual([media.has("up"), client.received.length, direct.received.length], [false, 1, 1]);
  });

  it("are forgotten when the client is silent, sooner if its request was never accepted", async () => {
    await using client = await connected(other);
    await using stranger = await UdpEndpoint.open();
    stranger.send(bindingRequest(`${ownerTag}/unknown`), other.port);
    await until(() => other.forwarded === 2);
    await wait(5001);
    assert.equal(other.forwarded, 1);
    await wait(10_000);
    assert.equal(other.forwarded, 0);
    client.send(bindingRequest(ufrag, true), other.port);
    await until(() => client.received.length === 2);
  });

  it("take few sockets from strangers, and none from clients that were accepted", async () => {
    await using client = await connected(other);
    await using stranger = await UdpEndpoint.open();
    for (let count = 0; count < 300; count++) stranger.send(bindingRequest(`${ownerTag}/guess${count}`), other.port);
    await until(() => other.forwarded >= 64);
    client.send(bindingRequest(ufrag, true), other.port);
    await until(() => client.received.length === 2);
    assert.ok(other.forwarded <= 65, `${other.forwarded}`);
    client.send("up", other.port);
    await until(() => media.has("up"));
  });
});

async function connected(mux: UdpMux): Promise<UdpEndpoint> {
  const client = await UdpEndpoint.open();
  client.send(bindingRequest(ufrag, true), mux.port);
  await until(() => client.received.length > 0);
  return client;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
