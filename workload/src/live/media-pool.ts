/**
 * Media processes, each of which serves a limited number of sessions in its lifetime. One with room is kept ready: to start a process takes longer than a client
 * should wait. With one session to a process, whatever a client does to it reaches no other session.
 */
import type { AvailableCodecs } from "./media-messages.ts";
import { MediaProcess } from "./media-process.ts";
import { MediaSession } from "./media-session.ts";

export interface MediaPoolOptions {
  readonly sessionsPerProcess: number;
  /** Of the frames that come out of a process. */
  readonly mostPixels: number;
}

export class MediaPool {
  readonly #options: MediaPoolOptions;
  #current: MediaProcess;
  /** Sessions that the current process has had. */
  #taken = 0;

  constructor(options: MediaPoolOptions) {
    this.#options = options;
    this.#current = new MediaProcess(options.mostPixels);
  }

  /** Rejects with `CodecMissing` if media processes cannot work on this machine. */
  async ready(): Promise<AvailableCodecs> {
    return this.#current.ready();
  }

  take(): MediaSession {
    if (!this.#current.isAlive) this.#next();
    const process = this.#current;
    const session = new MediaSession(this.#taken++, process, async () => {
      const isUsedUp = process !== this.#current && process.sessions === 0;
      if (isUsedUp) await process.close();
    });
    if (this.#taken >= this.#options.sessionsPerProcess) this.#next();
    return session;
  }

  async close(): Promise<void> {
    await this.#current.close();
  }

  #next(): void {
    this.#taken = 0;
    this.#current = new MediaProcess(this.#options.mostPixels);
  }
}
