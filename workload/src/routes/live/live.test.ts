import assert from "node:assert/strict";
import { utilizationReport, type UtilizationReport } from "@gpumedia/api";
import { Ajv } from "ajv";
import type { VideoCodec } from "../../live/codec.ts";
import { offerText, type OfferParts } from "../../live/testing/offers.ts";
import { drawnFrame, meanDifference } from "../../live/testing/drawn-frame.ts";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { LiveClient } from "../../live/testing/live-client.ts";
import { liveRoutes } from "./live.ts";
import { modelFile, pictureModelBytes } from "../../testing/picture-models.ts";
import { appWith, fakeContext } from "../testing/fake-context.ts";
import { realProcessor, type RealProcessor } from "../testing/real-processor.ts";

const sdp = { "content-type": "application/sdp" };
const token = "correct-horse";
const isReport = new Ajv({ strict: false, allErrors: true }).compile(utilizationReport);

describe("signalling of live video", () => {
  let codec: VideoCodec;
  let processor: RealProcessor;

  before(async function () {
    codec = needsCodec(this);
    needsCodec(this, "H264");
    processor = await realProcessor({
      workers: 1,
      model: { name: "repeating", path: modelFile(pictureModelBytes()) },
      drain: { timeout: "1s", delay: "0ms" },
      cors: { allowedOrigins: ["https://studio.example.com"] },
      live: {
        enabled: true,
        udpPort: 0,
        token,
        iceTransportPolicy: "relay",
        iceServers: ["stun:stun.example.com", "turn:turn.example.com"],
        turnSecret: "north",
        limits: { sessions: 4 },
      },
    });
  });
  after(async () => processor?.[Symbol.asyncDispose]());

  async function send(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
    const { body: sent, ...rest } = { body, method };
    return fetch(`${processor.url}${path}`, {
      ...rest,
      ...(sent === undefined ? {} : { body: sent }),
      headers: { ...sdp, authorization: `Bearer ${token}`, ...headers },
    });
  }

  async function exchange(): Promise<{ readonly client: LiveClient; readonly location: string }> {
    const client = new LiveClient({ codec, direction: "sendrecv" });
    const response = await send("POST", "/v1/exchange", await client.offer());
    const answer = await response.text();
    assert.equal(response.status, 201, answer);
    const location = response.headers.get("location") ?? "";
    if (await client.accept(answer)) return { client, location };
    await Promise.all([client.close(), send("DELETE", location)]);
    return exchange();
  }

  async function report(): Promise<UtilizationReport["live"]> {
    const text = await (await fetch(`${processor.url}/utilization`)).text();
    const parsed = JSON.parse(text) as UtilizationReport;
    assert.ok(isReport(parsed), JSON.stringify(isReport.errors));
    return parsed.live;
  }

  async function metric(line: string): Promise<number> {
    const text = await (await fetch(`${processor.url}/metrics`)).text();
    const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
    return Number(found?.slice(line.length + 1));
  }

  it("sends each frame of an exchange through the model and back", async () => {
    const { client, location } = await exchange();
    await until(() => client.received.length >= 5);
    const last = client.received.at(-1);
    assert.deepEqual([last?.width, last?.height], [320, 240]);
    const sent = Array.from({ length: 60 }, (_, index) => drawnFrame({ width: 320, height: 240 }, index));
    assert.ok(last !== undefined && sent.some((frame) => meanDifference(frame, last) < 6));
    assert.equal(await metric('gpumedia_live_sessions{kind="exchange"}'), 1);
    assert.ok((await metric('gpumedia_live_frames_total{direction="in"}')) >= 5);
    assert.ok((await metric('gpumedia_live_frames_total{direction="out"}')) >= 5);
    await until(async () => (await report())?.roundTripMs !== undefined);
    const { framesPerSecond = 0, droppedShare = -1, latencyMs, roundTripMs = -1, ...counts } = (await report()) ?? {};
    assert.deepEqual(counts, { sessions: 1, publishers: 1, viewers: 0, sessionLimit: 4 });
    assert.ok(framesPerSecond > 0 && droppedShare >= 0 && droppedShare <= 1);
    assert.ok((latencyMs?.p50 ?? 0) > 0 && (latencyMs?.p95 ?? 0) >= (latencyMs?.p50 ?? 0));
    // On this machine; the test client answers at once.
    assert.ok(roundTripMs >= 0 && roundTripMs < 10_000, `${roundTripMs} ms`);
    assert.equal((await send("DELETE", location)).status, 204);
    assert.equal(await metric('gpumedia_live_sessions{kind="exchange"}'), 0);
    assert.ok((await metric('gpumedia_live_sessions_ended_total{reason="deleted"}')) >= 1);
    assert.deepEqual(await problem(await send("DELETE", location)), [404, "no-such-session", "the session has ended"]);
    await client.close();
  });

  it("is WHIP: 201 with Location, ETag, Accept-Patch and the ICE servers, and PATCH for what follows", async () => {
    const published = await send("POST", "/v1/whip/garden", offerText());
    assert.equal(published.status, 201);
    const { location = "", etag = "", ...headers } = Object.fromEntries(published.headers);
    assert.match(
      headers["link"] ?? "",
      /^<stun:stun\.example\.com>; rel="ice-server", <turn:turn\.example\.com>; rel="ice-server"; username="\d+"; credential="[\w+/]+="/,
    );
    assert.match(location, /^\/v1\/live\/[\w-]{24}$/);
    assert.deepEqual(
      [headers["content-type"], headers["accept-patch"]],
      ["application/sdp", "application/trickle-ice-sdpfrag"],
    );
    assert.deepEqual(await problem(await send("POST", "/v1/whip/garden", offerText())), [
      409,
      "stream-exists",
      "stream garden is being published",
    ]);
    const fragment = { "content-type": "application/trickle-ice-sdpfrag" };
    const candidate = "a=ice-ufrag:Yq3d\r\na=candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host\r\n";
    const patch = async (body: string, more: Record<string, string>) => send("PATCH", location, body, more);
    assert.equal((await patch(candidate, { ...fragment, "if-match": etag })).status, 204);
    assert.deepEqual(
      [
        (await problem(await patch(candidate, fragment))).slice(0, 2),
        (await problem(await patch(candidate, { ...fragment, "if-match": '"other"' }))).slice(0, 2),
        (await problem(await patch(candidate, { "if-match": etag }))).slice(0, 2),
        (await problem(await patch("a=ice-ufrag:next\r\n", { ...fragment, "if-match": etag }))).slice(0, 2),
        (await problem(await patch("?", { ...fragment, "if-match": etag }))).slice(0, 2),
      ],
      [
        [428, "if-match-missing"],
        [412, "if-match"],
        [415, "sdp-type"],
        [422, "ice-restart"],
        [400, "offer-malformed"],
      ],
    );
    assert.equal((await send("DELETE", location)).status, 204);
  });

  it("announces the address of a load balancer that becomes known while it runs", async () => {
    const announced = async (): Promise<string | undefined> => {
      const response = await send("POST", "/v1/whip/balcony", offerText());
      const answer = await response.text();
      assert.equal(response.status, 201, answer);
      await send("DELETE", response.headers.get("location") ?? "");
      return /^a=candidate:\S+ 1 udp \d+ (\S+ \d+) typ host/m.exec(answer)?.[1];
    };
    const before = await announced();
    processor.processor.reload(JSON.stringify({ live: { publicAddresses: ["203.0.113.7"], publicPort: 3478 } }));
    const after = await announced();
    processor.processor.reload("{}");
    assert.deepEqual([after, await announced()], ["203.0.113.7 3478", before]);
    assert.notEqual(before, after);
  });

  const refused: readonly (readonly [string, string, OfferParts | string, readonly [number, string, string]])[] = [
    [
      "no common codec",
      "/v1/whip/a",
      { codecs: ["H264"] },
      [
        406,
        "no-common-codec",
        "the offer has no VP8 or H264 video: add it; H264 needs packetization-mode=1 and the profile baseline, main or high",
      ],
    ],
    ["no SDP", "/v1/whip/a", "{}", [400, "offer-malformed", "line 1 of the offer is not SDP"]],
    [
      "video the other way",
      "/v1/exchange",
      { direction: "sendonly" },
      [422, "offer-unusable", "the video of the offer is sendonly: it must be sendrecv"],
    ],
    [
      "a stream without a publisher",
      "/v1/whep/nothing",
      { direction: "recvonly" },
      [404, "no-such-stream", "nothing is published as stream nothing"],
    ],
    [
      "a name that is none",
      "/v1/whip/a%20b",
      {},
      [400, "bad-request", "the name of a stream has 1 to 64 letters, digits, and characters of .-_~"],
    ],
  ];
  for (const [what, path, offer, expected] of refused) {
    it(`refuses an offer with ${what}`, async () => {
      const body = typeof offer === "string" ? offer : offerText(offer);
      assert.deepEqual(await problem(await send("POST", path, body)), expected);
    });
  }

  it("refuses an offer of another type, and names the right one", async () => {
    const response = await send("POST", "/v1/exchange", "{}", { "content-type": "application/json" });
    assert.equal(response.headers.get("accept-post"), "application/sdp");
    assert.deepEqual(await problem(response), [415, "sdp-type", "send application/sdp"]);
  });

  it("refuses a body of more than 64 KiB", async () => {
    assert.equal((await send("POST", "/v1/exchange", "a".repeat(65_537))).status, 413);
  });

  const tokens = [
    ["without a token", "", "send Authorization: Bearer with the token"],
    ["with a wrong token", "Bearer wrong", "the token is wrong"],
    ["with a password", "Basic dXNlcjpwYXNzd29yZA==", "send Authorization: Bearer with the token"],
  ] as const;
  for (const [how, authorization, detail] of tokens) {
    it(`refuses every request ${how}`, async () => {
      for (const [method, path] of [
        ["POST", "/v1/whip/a"],
        ["POST", "/v1/whep/a"],
        ["POST", "/v1/exchange"],
        ["PATCH", "/v1/live/a"],
        ["DELETE", "/v1/live/a"],
      ] as const) {
        const body = method === "DELETE" ? undefined : offerText();
        const response = await send(method, path, body, { authorization });
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
        assert.deepEqual(await problem(response), [401, "token", detail]);
      }
    });
  }

  it("answers OPTIONS with what a POST may contain", async () => {
    const response = await fetch(`${processor.url}/v1/whip/a`, { method: "OPTIONS" });
    assert.deepEqual(
      [response.status, response.headers.get("accept-post"), response.headers.get("allow")],
      [204, "application/sdp", "POST, OPTIONS"],
    );
  });

  it("tells the ICE servers before the offer, to clients with the token alone", async () => {
    for (const path of ["/v1/whip/a", "/v1/whep/a", "/v1/exchange"]) {
      const { headers } = await send("OPTIONS", path);
      assert.match(headers.get("link") ?? "", /^<stun:.*credential=/);
      assert.equal(headers.get("gpumedia-ice-transport-policy"), "relay");
    }
    const without = await fetch(`${processor.url}/v1/exchange`, { method: "OPTIONS" });
    assert.deepEqual([without.status, without.headers.get("link")], [204, null]);
  });

  it("allows pages of other origins to end a session", async () => {
    const response = await fetch(`${processor.url}/v1/live/a`, {
      method: "OPTIONS",
      headers: { origin: "https://studio.example.com", "access-control-request-method": "DELETE" },
    });
    assert.match(response.headers.get("access-control-allow-methods") ?? "", /DELETE/);
  });
});

describe("a processor without live video", () => {
  it("has no signalling", async () => {
    const context = fakeContext();
    await using app = await appWith(liveRoutes, context);
    assert.equal((await app.inject({ method: "POST", url: "/v1/exchange", headers: sdp })).statusCode, 404);
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function problem(response: Response): Promise<readonly [status: number, code: string, detail: string]> {
  const { type, detail } = (await response.json()) as { readonly type: string; readonly detail: string };
  return [response.status, type.replace("urn:gpumedia:problem:", ""), detail];
}
