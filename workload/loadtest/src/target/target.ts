/** Sends pictures to the one URL of the test and judges what comes back. */
import { createConnection } from "node:net";
import { Pool, type Dispatcher } from "undici";
import { type AnswerHead, type ImageHeader, judgeHead, judgePicture } from "./answer.ts";
import { type Failure, failureOf } from "./failure.ts";
import { type Picture, readImageHeader } from "./pictures.ts";
import type { Outcome } from "./sample.ts";

export interface TargetOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Connections kept open at most; each carries one request at a time. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Width and height of the answer over those sent; null accepts any size. */
  readonly expectScale: number | null;
}

export interface Answer {
  /** `performance.now()` when the last byte was there or the failure was known: checks come after and are not timed. */
  readonly endedAt: number;
  readonly outcome: Outcome;
}

export interface Target {
  /** Posts a picture. Never rejects; `timeoutMs` covers everything up to the last byte. */
  send(picture: Picture, timeoutMs: number): Promise<Answer>;
  /** Cuts all connections; requests in flight come back as abandoned. */
  close(): Promise<void>;
}

const answerBytesAtMost = 64 * 1024 * 1024;

export function openTarget({ url, headers, connections, connectTimeoutMs, expectScale }: TargetOptions): Target {
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    maxResponseSize: answerBytesAtMost,
    // One deadline covers the whole request; undici's own would only cut in with other words.
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
 * Tries a TCP connection, so that a wrong address ends the program at once instead of failing every request.
 * @returns null when somebody listens there
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
 * Reads the header of each answer that is new. A deterministic server sends the same bytes for the same picture, and
 * comparing them with the last right answer is cheaper than a decoder: this client often shares its CPU with the server.
 */
function createJudge(expectScale: number | null): Judge {
  const lastRight = new Map<Picture, { readonly body: Buffer; readonly header: ImageHeader }>();
  return async (head, body, picture) => {
    const early = judgeHead(head);
    if (early !== null) return early;
    const last = lastRight.get(picture);
    const header = last?.body.equals(body) === true ? last.header : await readImageHeader(body);
    const outcome = judgePicture(head, header, body.length, { ...picture, scale: expectScale });
    if (outcome.kind === "accepted" && header !== null) lastRight.set(picture, { body, header });
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
  return new DOMException(`no complete answer within ${timeoutMs} ms`, "TimeoutError");
}
