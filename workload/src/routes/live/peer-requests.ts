/**
 * Requests about sessions and streams of other pods, which are forwarded to them: a client's requests may reach any pod. They go to the
 * addresses of `Peers` alone, with paths that are built here, and are not forwarded again.
 */
import { isIPv6 } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Agent, type Dispatcher } from "undici";
import { LiveError } from "../../live/live-error.ts";
import type { Peer, Peers } from "../../live/peer-pods.ts";
import { tagOf } from "../../live/pod-tag.ts";

/** Marks what another pod has forwarded. A client that sends it gets the answer of the pod that it reaches. */
const forwardedHeader = "gpumedia-forwarded";
const passed = {
  request: ["authorization", "content-type", "if-match"],
  response: [
    "accept-patch",
    "cache-control",
    "content-type",
    "etag",
    "gpumedia-ice-transport-policy",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
  ],
} as const;
const connectTimeoutMs = 1000;
/** An answer needs a media process. */
const answerTimeoutMs = 15_000;
const findTimeoutMs = 2000;
const mostAnswerBytes = 256 * 1024;

export class PeerRequests {
  readonly #peers: Peers;
  readonly #agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    connections: 8,
    allowH2: false,
    maxHeaderSize: 16 * 1024,
    maxResponseSize: mostAnswerBytes,
  });

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** The pod that owns the session; undefined if it is this one, or there is none. */
  async ownerOf(request: FastifyRequest, session: string): Promise<Peer | undefined> {
    const tag = tagOf(session);
    if (tag === undefined || tag === this.#peers.ownTag || isForwarded(request)) return undefined;
    return this.#peers.look(tag);
  }

  /** The pod that publishes the stream; undefined if no other does. */
  async publisherOf(request: FastifyRequest, stream: string): Promise<Peer | undefined> {
    if (isForwarded(request)) return undefined;
    const path = `/v1/live/streams/${encodeURIComponent(stream)}`;
    const answers = (await this.#peers.all()).map(async (peer) => {
      const { statusCode, body } = await this.#send(peer, request, { method: "GET", path, timeoutMs: findTimeoutMs });
      await body.dump();
      if (statusCode !== 204) throw new Error("not there");
      return peer;
    });
    return Promise.any(answers).catch(() => undefined);
  }

  /** Sends the request to this pod, and its answer to the client. @throws {LiveError} */
  async forward(peer: Peer, request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
    try {
      const answer = await this.#send(peer, request, { method: request.method, path, timeoutMs: answerTimeoutMs });
      const body = Buffer.from(await answer.body.arrayBuffer());
      for (const name of passed.response) {
        const value = answer.headers[name];
        if (value !== undefined) reply.header(name, value);
      }
      return await reply.code(answer.statusCode).send(body);
    } catch (cause) {
      request.log.warn({ cause, pod: peer.address }, "cannot forward a request to the pod that owns its session");
      throw new LiveError("peer-unreachable", "the pod that owns the session does not answer");
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(
    { address, httpPort }: Peer,
    { headers, body }: FastifyRequest,
    { method, path, timeoutMs }: { method: Dispatcher.HttpMethod; path: string; timeoutMs: number },
  ): Promise<Dispatcher.ResponseData> {
    const own = passed.request.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]));
    return this.#agent.request({
      origin: `http://${isIPv6(address) ? `[${address}]` : address}:${httpPort}`,
      method,
      path,
      headers: { ...Object.fromEntries(own), [forwardedHeader]: "1" },
      body: method === "GET" || !(body instanceof Uint8Array) ? null : Buffer.from(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}

function isForwarded({ headers }: FastifyRequest): boolean {
  return headers[forwardedHeader] !== undefined;
}
