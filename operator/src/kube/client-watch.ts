/** The stream of a watch: one JSON object per line, cut anywhere into chunks. */
import { ApiError, errorFromStatus, type RequestLine, type Status } from "./errors.ts";
import type { KubeObject } from "./object.ts";

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  /** All changes up to this resourceVersion have been sent. The object has nothing else. */
  | { readonly type: "BOOKMARK"; readonly object: { readonly metadata: { readonly resourceVersion: string } } };

type Line = WatchEvent | { readonly type: "ERROR"; readonly object: Status };

const newline = 0x0a;

/** etcd takes at most 1.5 MiB per object; a longer line is not an event, and buffering on would end in no memory. */
const maxLineBytes = 8 * 1024 * 1024;

/** Throws on an ERROR event, on a line that is not JSON, and on an end within a line: all of that is a broken stream. */
export async function* watchEvents(request: RequestLine, chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  for await (const line of lines(request, chunks)) {
    const event = parseLine(request, line);
    if (event.type === "ERROR") throw errorFromStatus(request, event.object);
    yield event;
  }
}

/**
 * Cuts at newline bytes and decodes whole lines only: no byte of a longer UTF-8 sequence is a newline, so that a
 * character cut in two by a chunk is never decoded by halves.
 */
export async function* lines(
  request: RequestLine,
  chunks: AsyncIterable<Buffer>,
  maxBytes = maxLineBytes,
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      const tail = chunk.subarray(from, at);
      from = at + 1;
      const line = begun.length === 0 ? tail.toString("utf8") : Buffer.concat([...begun, tail]).toString("utf8");
      begun = [];
      begunBytes = 0;
      if (line !== "") yield line;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > maxBytes) throw broken(request, `a line of the watch is longer than ${maxBytes} bytes`);
  }
  if (begunBytes > 0) throw broken(request, "the watch broke off within an event");
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
