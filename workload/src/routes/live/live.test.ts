import assert from "node:assert/strict";
import type { ProcessorConfig } from "@gpumedia/api";
import type { VideoCodec } from "../../live/codec.ts";
import { drawnFrame, meanDifference } from "../../live/testing/drawn-frame.ts";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { LiveClient, type LiveClientOptions } from "../../live/testing/live-client.ts";
import { modelFile, pictureModelBytes } from "../../testing/picture-models.ts";
import { realProcessor, type RealProcessor } from "../testing/real-processor.ts";

const sdp = { "content-type": "application/sdp" };
type Kind = "whip" | "whep" | "exchange";

const directions = { whip: "sendonly", whep: "recvonly", exchange: "sendrecv" } as const;

describe("live video", () => {
  let codec: VideoCodec;
  let processor: RealProcessor;
  let clients: LiveClient[] = [];

  before(async function () {
    codec = needsCodec(this as unknown as Mocha.Context);
    processor = await startLive();
  });
  afterEach(async () => {
    await Promise.all(clients.map(async (client) => client.close()));
    clients = [];
  });
  after(async () => processor?.[Symbol.asyncDispose]());

  function client(direction: LiveClientOptions["direction"]): LiveClient {
    const made = new LiveClient({ codec, direction });
    clients.push(made);
    return made;
  }

  async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${processor.url}/v1/${path}`, { method: "POST", body, headers: { ...sdp, ...headers } });
  }

  async function connect(kind: Kind, stream = "", on = processor) {
    const made = client(directions[kind]);
    const path = stream === "" ? kind : `${kind}/${stream}`;
    const offer = await made.offer();
    const response = await fetch(`${on.url}/v1/${path}`, { method: "POST", body: offer, headers: sdp });
    const answer = await response.text();
    assert.equal(response.status, 201, answer);
    await made.accept(answer);
    const { location = "", etag = "" } = Object.fromEntries(response.headers);
    return { client: made, url: `${on.url}${location}`, etag, answer };
  }

  async function metric(line: string, on = processor): Promise<number> {
    const text = await (await fetch(`${on.url}/metrics`)).text();
    return Number(
      text
        .split("\n")
        .find((candidate) => candidate.startsWith(`${line} `))
        ?.slice(line.length + 1),
    );
  }

  it("sends each frame of an exchange through the model and back", async () => {
    const { client: both, url } = await connect("exchange");
    await until(() => both.received.length >= 5);
    const last = both.received.at(-1);
    assert.deepEqual([last?.width, last?.height], [320, 240]);
    const expected = Array.from({ length: 400 }, (_, index) => doubled(index));
    assert.ok(last !== undefined && expected.some((frame) => meanDifference(frame, last) < 6));
    assert.equal(await metric('gpumedia_live_sessions{kind="exchange"}'), 1);
    assert.ok((await metric('gpumedia_live_frames_total{direction="out"}')) >= 5);
    assert.equal((await fetch(url, { method: "DELETE" })).status, 204);
    await until(async () => (await metric('gpumedia_live_sessions{kind="exchange"}')) === 0);
    assert.equal((await fetch(url, { method: "DELETE" })).status, 404);
  });
});

function doubled(index: number) {
  return drawnFrame({ width: 320, height: 240 }, index);
}

async function startLive(live: ProcessorConfig["live"] = {}): Promise<RealProcessor> {
  return realProcessor({
    workers: 1,
    model: { name: "repeating", path: modelFile(pictureModelBytes()) },
    drain: { timeout: "1s", delay: "0ms" },
    live: { enabled: true, udpPort: 0, ...live },
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
