/** Sends pictures to the target and judges the responses. */
import { createConnection } from "node:net";
import { Pool, type Dispatcher } from "undici";
import { type AnswerHead, type ImageHeader, judgeHead, judgePicture } from "./answer.ts";
import { type Failure, failureOf } from "./failure.ts";
import { type Picture, readImageHeader } from "./pictures.ts";
import type { Outcome } from "./sample.ts";

export interface TargetOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Maximum number of connections; each carries one request at a time. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Width and height of the response relative to the request; null accepts any size. */
  readonly expectScale: number | null;
}

export interface Answer {
  /** `performance.now()` at the last byte or failure; the checks that follow are not timed. */
  readonly endedAt: number;
  readonly outcome: Outcome;
}

export interface Target {
  /** Posts a picture. Never rejects; `timeoutMs` covers everything up to the last byte. */
  send(picture: Picture, timeoutMs: number): Promise<Answer>;
  /** Closes all connections; requests in flight are reported as abandoned. */
  close(): Promise<void>;
}

const answerBytesAtMost = 64 * 1024 * 1024;

export function openTarget({ url, headers, connections, connectTimeoutMs, expectScale }: TargetOptions): Target {
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    maxResponseSize: answerBytesAtMost,
    // One timeout covers the whole request; undici's own would report other messages.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  });
  const judge = createJudge(expectScale);
  const closing = new AbortController();

  async function post(picture: Picture, signal: AbortSignal): Promise<{ head: AnswerHead; body: Buffer }> {
    const response = await pool.request({
      method: "POST",
      path: `${url.pathname}${url.search}`,
      headers: { accept: "image/*", "content-type": picture.type, ...headers },
      body: picture.body,
      signal,
    });
    return { head: headOf(response), body: Buffer.from(await response.body.arrayBuffer()) };
  }

  return {
    async send(picture, timeoutMs) {
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(timeoutError(timeoutMs)), timeoutMs);
      try {
        const { head, body } = await post(picture, deadline.signal);
        const endedAt = performance.now();
        return { endedAt, outcome: await judge(head, body, picture) };
      } catch (error) {
        const endedAt = performance.now();
        if (closing.signal.aborted) return { endedAt, outcome: { kind: "abandoned" } };
        return { endedAt, outcome: { kind: "failed", failure: failureOf(error) } };
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      closing.abort();
      await pool.destroy();
    },
  };
}

/**
 * Tries a TCP connection, so that a wrong address fails at once instead of failing every request.
 * @returns null if the connection succeeds
 */
export async function probe(url: URL, timeoutMs: number): Promise<Failure | null> {
  const { promise, resolve } = Promise.withResolvers<Failure | null>();
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  // URL writes IPv6 addresses in brackets, which the resolver does not know.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = createConnection({ host, port }, () => resolve(null));
  socket.once("error", (error) => resolve(failureOf(error)));
  const timer = setTimeout(() => resolve(failureOf(timeoutError(timeoutMs))), timeoutMs);
  const failure = await promise;
  clearTimeout(timer);
  socket.destroy();
  return failure;
}

type Judge = (head: AnswerHead, body: Buffer, picture: Picture) => Promise<Outcome>;

/**
 * Reads the header of each new response. A deterministic server sends the same bytes for the same picture, and comparing them
 * with the last correct response is cheaper than a decoder: this client often shares its CPU with the server.
 */
function createJudge(expectScale: number | null): Judge {
  const lastCorrect = new Map<Picture, { readonly body: Buffer; readonly header: ImageHeader }>();
  return async (head, body, picture) => {
    const early = judgeHead(head);
    if (early !== null) return early;
    const last = lastCorrect.get(picture);
    const header = last?.body.equals(body) === true ? last.header : await readImageHeader(body);
    const outcome = judgePicture(head, header, body.length, { ...picture, scale: expectScale });
    if (outcome.kind === "accepted" && header !== null) lastCorrect.set(picture, { body, header });
    return outcome;
  };
}

function headOf({ statusCode, headers }: Dispatcher.ResponseData): AnswerHead {
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
  return {
    status: statusCode,
    contentType: header("content-type"),
    retryAfter: header("retry-after"),
    serverTiming: header("server-timing"),
  };
}

function timeoutError(timeoutMs: number): DOMException {
  return new DOMException(`no complete response within ${timeoutMs} ms`, "TimeoutError");
}
