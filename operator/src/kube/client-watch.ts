/** Parses the stream of a watch: one JSON object per line, in chunks of any size. */
import { ApiError, errorFromStatus, type RequestLine, type Status } from "./errors.ts";
import type { KubeObject, ObjectMeta } from "./object.ts";

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  /** All changes up to this resourceVersion have been sent. The object has no other fields. */
  | { readonly type: "BOOKMARK"; readonly object: { readonly metadata: BookmarkMeta } };

type BookmarkMeta = Pick<ObjectMeta, "resourceVersion" | "annotations">;

type Line = WatchEvent | { readonly type: "ERROR"; readonly object: Status };

const newline = 0x0a;

/** etcd accepts at most 1.5 MiB per object. A much longer line is not an event, and buffering it would exhaust memory. */
const maxLineBytes = 8 * 1024 * 1024;

/** Whether all objects that existed when the watch began have been sent. @see WatchOptions.resourceVersion */
export function endsInitialEvents({ type, object }: WatchEvent): boolean {
  return type === "BOOKMARK" && object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";
}

/** Throws an `ApiError` on an ERROR event, on a line that is not JSON, and when the stream ends within a line. */
export async function* watchEvents(request: RequestLine, chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  for await (const line of lines(request, chunks)) {
    const event = parseLine(request, line);
    if (event.type === "ERROR") throw errorFromStatus(request, event.object);
    yield event;
  }
}

/**
 * Splits at newline bytes and decodes whole lines only, so that a character that two chunks share is decoded correctly: no
 * byte of a multi-byte UTF-8 sequence is a newline.
 */
export async function* lines(
  request: RequestLine,
  chunks: AsyncIterable<Buffer>,
  maxBytes = maxLineBytes,
): AsyncGenerator<string> {
  let partial: Buffer[] = [];
  let partialBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      const tail = chunk.subarray(from, at);
      from = at + 1;
      const line = partial.length === 0 ? tail.toString("utf8") : Buffer.concat([...partial, tail]).toString("utf8");
      partial = [];
      partialBytes = 0;
      if (line !== "") yield line;
    }
    if (from === chunk.length) continue;
    partial.push(chunk.subarray(from));
    partialBytes += chunk.length - from;
    if (partialBytes > maxBytes) throw broken(request, `a line of the watch is longer than ${maxBytes} bytes`);
  }
  if (partialBytes > 0) throw broken(request, "the watch ended within an event");
}

function parseLine(request: RequestLine, line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch (cause) {
    throw broken(request, `a line of the watch is not JSON: ${line.slice(0, 100)}`, cause);
  }
}

function broken(request: RequestLine, message: string, cause?: unknown): ApiError {
  return new ApiError({ ...request, status: 0, reason: "Unreachable", message, cause });
}
