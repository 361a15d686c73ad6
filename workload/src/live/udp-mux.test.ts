import assert from "node:assert/strict";
import { readStun } from "./stun.ts";
import { bindingRequest, bindingResponse } from "./testing/stun-packets.ts";
import { UdpEndpoint } from "./testing/udp-endpoint.ts";
import { UdpMux } from "./udp-mux.ts";

describe("the UDP port of all sessions", () => {
  let mux: UdpMux;
  let media: UdpEndpoint;
  let accepts = true;

  beforeEach(async () => {
    accepts = true;
    mux = await UdpMux.listen(0, { now: () => 5 });
    media = await UdpEndpoint.open();
    media.onPacket((packet, port) => {
      if (readStun(packet)?.kind === "request") media.send(bindingResponse(packet, accepts), port);
    });
    mux.add("ours", media.port);
  });
  afterEach(async () => {
    await mux.close();
    await media[Symbol.asyncDispose]();
  });

  /** What the media process sends to. */
  function towardsClient(): number {
    return media.received.at(-1)?.port ?? assert.fail("no packet has come");
  }

  async function connected(nominates = true, ufrag = "ours"): Promise<UdpEndpoint> {
    const client = await UdpEndpoint.open();
    client.send(bindingRequest(ufrag, nominates), mux.port);
    await until(() => client.received.length > 0);
    return client;
  }

  /** Waits until packets that were sent before have been read. */
  async function settled(): Promise<void> {
    await using probe = await connected(false);
    assert.ok(probe.received.length > 0);
  }

  it("is that of one address if one is configured, so that another process may have it on another", async () => {
    const first = await UdpMux.listen(0, { now: () => 5, host: "127.0.0.2" });
    const second = await UdpMux.listen(first.port, { now: () => 5, host: "127.0.0.3" });
    const taken = UdpMux.listen(first.port, { now: () => 5, host: "127.0.0.2" });
    await assert.rejects(taken, { code: "EADDRINUSE" });
    await Promise.all([first.close(), second.close()]);
  });

  it("passes packets between a client and its media process", async () => {
    await using client = await connected();
    client.send("up", mux.port);
    await until(() => media.has("up"));
    media.send("down", towardsClient());
    await until(() => client.has("down"));
    assert.equal(mux.heardAt("ours"), 5);
  });

  it("knows a session by its ufrag before and after an ICE restart, and by no earlier one", async () => {
    mux.restart("ours", "second");
    mux.restart("second", "third");
    await using client = await connected(true, "third");
    client.send(bindingRequest("second"), mux.port);
    await until(() => client.received.length === 2);
    client.send(bindingRequest("ours"), mux.port);
    client.send(bindingRequest("third"), mux.port);
    await until(() => client.received.length === 3);
    assert.equal(mux.heardAt("third"), 5);
    mux.remove("third");
    assert.equal(mux.heardAt("second"), undefined);
  });

  it("follows a client that a balancer moves to another address", async () => {
    await using before = await connected();
    await using after = await connected();
    media.send("down", towardsClient());
    await until(() => after.has("down"));
    assert.ok(!before.has("down"));
  });

  it("keeps to the address that the client selected, until the client uses another", async () => {
    await using selected = await connected(true);
    await using other = await connected(false);
    media.send("first", towardsClient());
    await until(() => selected.has("first"));
    other.send("up", mux.port);
    await until(() => media.has("up"));
    media.send("second", towardsClient());
    await until(() => other.has("second"));
    assert.deepEqual([selected.has("second"), other.has("first")], [false, false]);
  });

  it("ignores packets of addresses whose request the media process has not accepted", async () => {
    await using client = await connected();
    accepts = false;
    await using stranger = await connected();
    stranger.send("up", mux.port);
    accepts = true;
    await settled();
    media.send("down", towardsClient());
    await until(() => client.has("down"));
    assert.deepEqual([stranger.has("down"), media.has("up")], [false, false]);
  });

  it("ignores packets of no session, and those that others send to a session's socket", async () => {
    await using stranger = await UdpEndpoint.open();
    stranger.send(bindingRequest("other"), mux.port);
    stranger.send("up", mux.port);
    await using client = await connected();
    stranger.send("forged", towardsClient());
    media.send("down", towardsClient());
    await until(() => client.has("down"));
    assert.deepEqual([media.has("up"), client.has("forged"), stranger.received.length], [false, false, 0]);
  });

  it("keeps eight addresses of a client at most, among them the one in use", async () => {
    await using used = await connected();
    const others: UdpEndpoint[] = [];
    for (let count = 0; count < 8; count++) others.push(await connected(false));
    for (const client of [used, ...others]) client.send(`from ${client.port}`, mux.port);
    await until(() => media.has(`from ${others.at(-1)?.port}`));
    assert.deepEqual(
      [used, ...others].filter(({ port }) => !media.has(`from ${port}`)),
      [others[0]],
    );
    for (const client of others) await client[Symbol.asyncDispose]();
  });

  it("gives an address to another session that its client opens from there", async () => {
    await using second = await UdpEndpoint.open();
    second.onPacket((packet, port) => {
      if (readStun(packet)?.kind === "request") second.send(bindingResponse(packet, true), port);
    });
    mux.add("second", second.port);
    await using client = await connected();
    client.send(bindingRequest("second"), mux.port);
    await until(() => client.received.length === 2);
    client.send("up", mux.port);
    await until(() => second.has("up"));
    assert.ok(!media.has("up"));
    mux.remove("second");
    client.send("late", mux.port);
    await settled();
    assert.ok(!second.has("late") && !media.has("late"));
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
