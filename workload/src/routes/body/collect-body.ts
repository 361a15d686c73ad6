/** Collects a request's body, decompressed, in its own memory, so that it can be transferred to a worker without a copy. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { discard, spansItsBuffer } from "../../core/buffers.ts";
import { HttpProblem } from "../problem.ts";
import { sendContinue } from "./expect-continue.ts";

export interface BodyLimits {
  /** Of the body as sent, and of what it decompresses to. */
  readonly bytes: number;
  /** The longest pause between two reads. */
  readonly pauseMs: number;
  /** From the head to the last byte. */
  readonly totalMs: number;
}

type Done = (error: Error | null, body?: Uint8Array<ArrayBuffer>) => void;

/** Calls back once: with the body, or as soon as it exceeds a limit, cannot be decompressed or the client has disconnected. */
export function collectBody(payload: IncomingMessage, limits: BodyLimits, done: Done): void {
  const declared = Number(payload.headers["content-length"] ?? 0);
  if (declared > limits.bytes) return done(tooLong(limits));
  const decoder = decoderOf(payload.headers["content-encoding"]);
  if (decoder === undefined) return done(unknownEncoding(payload.headers["content-encoding"]));
  sendContinue(payload);

  const body: Readable = decoder === identity ? payload : payload.pipe(decoder());
  const chunks: Buffer[] = [];
  let size = 0;
  const startedAt = performance.now();
  const pauseMs = Math.min(limits.pauseMs, limits.totalMs);
  const pause = setTimeout(() => finish(tooSlow(`no byte arrived for ${pauseMs / 1000} s`)), pauseMs);

  body.on("data", onData);
  body.on("end", onEnd);
  body.on("error", onError);
  payload.on("close", onClose);
  if (body !== payload) payload.on("data", onProgress);

  function onData(chunk: Buffer): void {
    size += chunk.length;
    if (size > limits.bytes) return finish(tooLong(limits));
    chunks.push(chunk);
    if (body === payload) onProgress();
  }
  function onProgress(): void {
    pause.refresh();
    if (performance.now() - startedAt > limits.totalMs)
      finish(tooSlow(`not complete after ${limits.totalMs / 1000} s`));
  }
  function onEnd(): void {
    finish(null);
  }
  function onError(error: Error): void {
    finish(
      body === payload ? error : new HttpProblem("body-encoding", `the body cannot be decompressed: ${error.message}`),
    );
  }
  function onClose(): void {
    // A body that is complete may still be in the decoder.
    if (payload.complete || payload.readableEnded) return;
    finish(new HttpProblem("body-incomplete", "the connection was closed before the body was complete"));
  }
  function finish(error: Error | null): void {
    clearTimeout(pause);
    body.off("data", onData);
    body.off("end", onEnd);
    body.off("error", onError);
    payload.off("close", onClose);
    payload.off("data", onProgress);
    if (body !== payload) {
      payload.unpipe();
      // An error that follows the first would otherwise crash the process.
      body.on("error", () => undefined).destroy();
    }
    if (error === null) done(null, joined(chunks, size));
    else done(error);
  }
}

const identity = Symbol("identity");
const chunkSize = 64 * 1024;

/** RFC 9110, section 8.4.1; `deflate` is the zlib format. */
const decoders: Readonly<Record<string, typeof identity | (() => NodeJS.ReadWriteStream & Readable)>> = {
  "": identity,
  identity,
  gzip: () => createGunzip({ chunkSize }),
  "x-gzip": () => createGunzip({ chunkSize }),
  deflate: () => createInflate({ chunkSize }),
};

function decoderOf(encoding = "") {
  const name = encoding.trim().toLowerCase();
  return Object.hasOwn(decoders, name) ? decoders[name] : undefined;
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
    discard(chunk);
  }
  return body;
}

function tooLong({ bytes }: BodyLimits): HttpProblem {
  return new HttpProblem(
    "body-too-large",
    `the body exceeds ${bytes} bytes: send less, or raise limits.bodyBytes (GpuMediaService: processing.limits.bodyBytes)`,
  );
}

function tooSlow(how: string): HttpProblem {
  return new HttpProblem("body-timeout", `the body arrives too slowly: ${how}`, { headers: { connection: "close" } });
}

function unknownEncoding(encoding = ""): HttpProblem {
  const accepted = "gzip, deflate";
  return new HttpProblem("content-encoding", `content-encoding ${encoding.slice(0, 100)} is not one of ${accepted}`, {
    // RFC 9110, section 15.5.16.
    headers: { "accept-encoding": accepted },
  });
}
