/** Requests that reach another pod than the one that owns their session. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { VideoCodec } from "../../live/codec.ts";
import type { Peer } from "../../live/peer-pods.ts";
import { podTag } from "../../live/pod-tag.ts";
import { LiveClient } from "../../live/testing/live-client.ts";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { offerText } from "../../live/testing/offers.ts";
import { livePod } from "../testing/live-pod.ts";
import type { RealProcessor } from "../testing/real-processor.ts";

const token = "correct-horse";
const fragment = "application/trickle-ice-sdpfrag";
const strangerTag = podTag("198.51.100.9");

describe("a request for a session of another pod", () => {
  const peers: Peer[] = [];
  let codec: VideoCodec;
  let owner: RealProcessor;
  let other: RealProcessor;
  let stranger: Server;
  let strangersRequests: IncomingMessage[] = [];

  before(async function () {
    codec = needsCodec(this);
    owner = await pod("10.0.0.1");
    other = await pod("10.0.0.2");
    stranger = createServer((request, response) => {
      strangersRequests.push(request);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(() => {
    strangersRequests = [];
  });
  after(async () => {
    await Promise.all([owner?.[Symbol.asyncDispose](), other?.[Symbol.asyncDispose]()]);
    stranger?.closeAllConnections();
    stranger?.close();
  });

  async function pod(address: string): Promise<RealProcessor> {
    return (await livePod(address, peers, { token, limits: { sessions: 2 } })).processor;
  }

  it("is answered by its owner: PATCH and DELETE", async () => {
    const { headers } = await published(owner, "garden");
    const [location, etag] = [headers.get("location") ?? "", headers.get("etag") ?? ""];
    assert.match(location, new RegExp(`^/v1/live/${podTag("10.0.0.1")}\\.[\\w-]{24}$`));
    const patch = async (more: Record<string, string>) => send(other, "PATCH", location, "a=ice-ufrag:Yq3d\r\n", more);
    assert.equal((await patch({ "if-match": etag })).status, 204);
    const refused = await patch({ "if-match": '"another"' });
    assert.deepEqual(
      [refused.status, refused.headers.get("content-type"), await typeOf(refused)],
      [412, "application/problem+json", "if-match"],
    );
    assert.equal((await send(other, "DELETE", location)).status, 204);
    const gone = await send(owner, "DELETE", location);
    assert.deepEqual([gone.status, await typeOf(gone)], [404, "no-such-session"]);
  });

  it("shows a stream that another pod publishes, whatever the limit of this one", async () => {
    await using publisher = await connectedClient(owner, "/v1/whip/lake", "sendonly");
    const full = [await published(other, "a"), await published(other, "b")];
    await using viewer = await connectedClient(other, "/v1/whep/lake", "recvonly");
    while (viewer.client.received.length < 3) await pause();
    assert.ok(viewer.location.startsWith(`/v1/live/${podTag("10.0.0.1")}.`));
    assert.equal((await send(other, "GET", "/v1/live/streams/lake")).status, 204);
    assert.equal((await send(other, "DELETE", viewer.location)).status, 204);
    assert.equal((await send(other, "DELETE", publisher.location)).status, 204);
    assert.equal((await send(other, "GET", "/v1/live/streams/lake")).status, 404);
    for (const { headers } of full) await send(other, "DELETE", headers.get("location") ?? "");
    const nothing = await send(other, "POST", "/v1/whep/lake", offerText({ direction: "recvonly" }));
    assert.deepEqual([nothing.status, await typeOf(nothing)], [404, "no-such-stream"]);
  });

  it("is refused where it would publish a stream that another pod publishes", async () => {
    const { headers } = await published(owner, "garden");
    const second = await send(other, "POST", "/v1/whip/garden", offerText());
    assert.deepEqual([second.status, await typeOf(second)], [409, "stream-exists"]);
    await send(owner, "DELETE", headers.get("location") ?? "");
    const third = await published(other, "garden");
    await send(other, "DELETE", third.headers.get("location") ?? "");
  });

  it("goes nowhere but to pods of the service, whatever its session is called", async () => {
    const { port } = stranger.address() as AddressInfo;
    const names = [
      `${strangerTag}.abc`,
      `127.0.0.1:${port}`,
      `127.0.0.1:${port}.abc`,
      encodeURIComponent(`http://127.0.0.1:${port}/`),
      encodeURIComponent(`@127.0.0.1:${port}/x`),
      encodeURIComponent(`${strangerTag}./../../x`),
    ];
    for (const name of names) {
      const response = await send(other, "DELETE", `/v1/live/${name}`);
      assert.deepEqual([response.status, await typeOf(response)], [404, "no-such-session"], name);
    }
    assert.equal(strangersRequests.length, 0);
    // The same name reaches a pod that has this tag, at a path that the client has not chosen, and not when the pod has gone.
    peers.push({ tag: strangerTag, address: "127.0.0.1", httpPort: port, udpPort: 9 });
    const escape = encodeURIComponent(`${strangerTag}./../../metrics?x`);
    assert.equal((await send(other, "DELETE", `/v1/live/${escape}`, undefined, { cookie: "a=b" })).status, 204);
    assert.deepEqual(
      strangersRequests.map(({ url, headers }) => [url, headers["gpumedia-forwarded"], headers.cookie]),
      [[`/v1/live/${escape}`, "1", undefined]],
    );
    peers.pop();
    assert.equal((await send(other, "DELETE", `/v1/live/${strangerTag}.abc`)).status, 404);
    assert.equal(strangersRequests.length, 1);
  });

  it("needs the token at the first pod", async () => {
    const response = await send(other, "DELETE", `/v1/live/${podTag("10.0.0.1")}.a`, undefined, { authorization: "" });
    assert.equal(response.status, 401);
  });

  it("is not forwarded twice", async () => {
    const { headers } = await published(owner, "garden");
    const location = headers.get("location") ?? "";
    assert.equal((await send(other, "DELETE", location, undefined, { "gpumedia-forwarded": "1" })).status, 404);
    assert.equal((await send(other, "DELETE", location)).status, 204);
  });

  it("is answered 503 with Retry-After while its owner does not answer", async () => {
    peers.push({ tag: strangerTag, address: "127.0.0.1", httpPort: 9, udpPort: 9 });
    const response = await send(other, "DELETE", `/v1/live/${strangerTag}.abc`);
    peers.pop();
    assert.deepEqual(
      [response.status, response.headers.get("retry-after"), await typeOf(response)],
      [503, "1", "peer-unreachable"],
    );
  });

  interface Connected extends AsyncDisposable {
    readonly client: LiveClient;
    readonly location: string;
  }

  async function connectedClient(
    processor: RealProcessor,
    path: string,
    direction: "sendonly" | "recvonly",
  ): Promise<Connected> {
    const client = new LiveClient({ codec, direction });
    const response = await send(processor, "POST", path, await client.offer());
    const [answer, location] = [await response.text(), response.headers.get("location") ?? ""];
    assert.equal(response.status, 201, answer);
    if (await client.accept(answer)) return { client, location, [Symbol.asyncDispose]: async () => client.close() };
    await Promise.all([client.close(), send(processor, "DELETE", location)]);
    return connectedClient(processor, path, direction);
  }
});

async function send(
  { url }: RealProcessor,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const type = method === "PATCH" ? fragment : "application/sdp";
  return fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { "content-type": type, authorization: `Bearer ${token}`, ...headers },
  });
}

async function published(processor: RealProcessor, stream: string): Promise<Response> {
  const response = await send(processor, "POST", `/v1/whip/${stream}`, offerText());
  assert.equal(response.status, 201, await response.clone().text());
  return response;
}

async function typeOf(response: Response): Promise<string> {
  const { type } = (await response.json()) as { readonly type: string };
  return type.replace("urn:gpumedia:problem:", "");
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
