import type { ServerResponse } from "node:http";
import { expiredEvent, type WatchFault } from "./fault.ts";

const newline = 0x0a;

/** The response to one watch on its way to the client, into which a fault can be injected at any time. */
export class WatchStream {
  readonly #client: ServerResponse;
  /** It has ended, normally or by a fault. */
  over = false;
  #silent = false;
  #cutsNext = false;
  #atLineStart = true;
  #eventsLeft: number;

  /** The connection is closed after this many events. */
  constructor(client: ServerResponse, events = Infinity) {
    this.#client = client;
    this.#eventsLeft = events;
  }

  /** Forwards what the API server sent, unless a fault prevents it. */
  write(chunk: Buffer): void {
    if (this.#silent) return;
    if (this.#cutsNext) return this.#cut(chunk);
    if (this.#eventsLeft < Infinity) {
      const end = this.#endOfLastEvent(chunk);
      if (end !== undefined) return this.#closeAfter(chunk.subarray(0, end));
    }
    this.#atLineStart = chunk.at(-1) === newline;
    this.#client.write(chunk);
  }

  /** The API server has ended the watch. */
  end(): void {
    if (this.#silent) return;
    this.over = true;
    this.#client.end();
  }

  strike(fault: WatchFault): void {
    if (fault.kind === "half-line") {
      this.#cutsNext = true;
      return;
    }
    this.#silent = true;
    if (fault.kind === "silence") return;
    this.over = true;
    if (fault.kind === "reset") this.#client.socket?.resetAndDestroy();
    else this.#client.end(fault.kind === "expire" ? expiredEvent : undefined);
  }

  /** Cuts the line that begins in this chunk in the middle; one that began earlier is forwarded completely. */
  #cut(chunk: Buffer): void {
    const start = this.#atLineStart ? 0 : chunk.indexOf(newline) + 1;
    const end = chunk.indexOf(newline, start);
    if (end === -1) return void this.#client.write(chunk);
    this.#closeAfter(chunk.subarray(0, start + Math.floor((end - start) / 2)));
  }

  /** Counts the events of the chunk; returns where the last one that is forwarded ends, if that is in this chunk. */
  #endOfLastEvent(chunk: Buffer): number | undefined {
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) {
      this.#eventsLeft--;
      if (this.#eventsLeft === 0) return at + 1;
    }
    return undefined;
  }

  #closeAfter(rest: Buffer): void {
    this.#silent = true;
    this.over = true;
    this.#client.write(rest, () => this.#client.socket?.destroy());
  }
}
