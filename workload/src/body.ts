/** Collects a request's body in its own memory, so that it can be transferred to a worker without a copy. */
import type { IncomingMessage } from "node:http";
import { discard, spansItsBuffer } from "./work/buffers.ts";
import { HttpProblem } from "./routes/problem.ts";

type Done = (error: Error | null, body?: Uint8Array<ArrayBuffer>) => void;

/** Calls back once: with the body, or as soon as it exceeds `limit` bytes or the client has disconnected. */
export function collectBody(payload: IncomingMessage, limit: number, done: Done): void {
  const declared = Number(payload.headers["content-length"] ?? 0);
  if (declared > limit) return done(tooLong(limit));
  const chunks: Buffer[] = [];
  let size = 0;

  payload.on("data", onData);
  payload.on("end", onEnd);
  payload.on("error", finish);
  payload.on("close", onClose);

  function onData(chunk: Buffer): void {
    size += chunk.length;
    if (size > limit) return finish(tooLong(limit));
    chunks.push(chunk);
  }
  function onEnd(): void {
    finish(null);
  }
  function onClose(): void {
    finish(new HttpProblem("body-incomplete", "the connection was closed before the body was complete"));
  }
  function finish(error: Error | null): void {
    payload.off("data", onData);
    payload.off("end", onEnd);
    payload.off("error", finish);
    payload.off("close", onClose);
    if (error === null) done(null, joined(chunks, size));
    else done(error);
  }
}

/** In its own memory: Node's pool is shared and cannot be transferred. */
function joined(chunks: readonly Buffer[], size: number): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  // Node copies each chunk from its parser into a buffer of exactly its size.
  if (chunks.length === 1 && only !== undefined && spansItsBuffer(only)) return only;
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
    discard(chunk as Buffer<ArrayBuffer>);
  }
  return body;
}

function tooLong(limit: number): HttpProblem {
  // The rest of the body would be taken for the next request unless all of it were read.
  return new HttpProblem("body-too-large", `the body exceeds ${limit} bytes`, { headers: { connection: "close" } });
}
