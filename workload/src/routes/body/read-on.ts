/**
 * Lets the answer to a request arrive whose body is still on its way (RFC 9112, section 9.6). Closing the connection before the
 * body has been read makes the kernel reset it: proxies lose the answer and respond with 502, clients see a broken pipe.
 *
 * The answer is sent at once, complete with its Content-Length. Only its end, after which Node may close the connection, waits
 * until the rest of the body has been read and discarded, within bounds.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { awaitsContinue } from "./expect-continue.ts";

export interface ReadOnBounds {
  /** Beyond, the client is not waiting for an answer. */
  readonly bytes: number;
  /** The longest pause between two reads. */
  readonly pauseMs: number;
  readonly totalMs: number;
}

/** Times: nginx's defaults (lingering_timeout, lingering_time). Bytes: eight times the default limit of a body. */
const bounds: ReadOnBounds = { bytes: 256 * 2 ** 20, pauseMs: 5000, totalMs: 30_000 };

const answered = new WeakSet<Socket>();

/** Whether the connection's last request has had its answer although its body is incomplete: a second answer would be taken for the next one's. */
export function isAnswered(socket: Socket): boolean {
  return answered.has(socket);
}

/** Whether a body is still to come that an answer now would leave unread. */
export function hasUnreadBody(request: IncomingMessage): boolean {
  if (request.complete || request.readableEnded || request.method === "HEAD" || awaitsContinue(request)) return false;
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  return coding !== undefined || Number(length ?? 0) > 0;
}

/** The answer as a stream that ends when the request has been read. */
export function answerBeforeBody(answer: Buffer, request: IncomingMessage): Readable {
  return Readable.from(
    (async function* () {
      answered.add(request.socket);
      yield answer;
      await readOn(request, bounds);
      answered.delete(request.socket);
    })(),
    { objectMode: false },
  );
}

/** Resolves when the request has been read to its end; closes its connection at the bounds. Exported for tests. */
export async function readOn(request: IncomingMessage, { bytes, pauseMs, totalMs }: ReadOnBounds): Promise<void> {
  if (request.complete || request.readableEnded || request.destroyed) return;
  await new Promise<void>((resolve) => {
    const close = () => request.destroy();
    const timers = [setTimeout(close, pauseMs), setTimeout(close, totalMs)];
    let read = 0;
    request.on("data", (chunk: Buffer) => {
      timers[0]?.refresh();
      read += chunk.length;
      if (read > bytes) close();
    });
    // Emitted after the end, too.
    request.on("close", finish);
    request.on("error", finish);
    request.on("end", finish);
    function finish(): void {
      for (const timer of timers) clearTimeout(timer);
      resolve();
    }
    request.resume();
  });
}
