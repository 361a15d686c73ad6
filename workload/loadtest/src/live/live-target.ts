/** Sends pictures as frames of live video, in turn on each of some sessions. */
import type { Failure } from "../target/failure.ts";
import type { Picture } from "../target/pictures.ts";
import type { Answer, Target } from "../target/target.ts";
import { liveFrame } from "./live-frame.ts";
import { LiveSession, NotOpened, type LiveSessionOptions } from "./live-session.ts";

export interface LiveTargetOptions extends LiveSessionOptions {
  readonly sessions: number;
  /** Of each session; for the quality of the frames. */
  readonly framesPerSecond: number;
  readonly pictures: readonly Picture[];
  /** Width and height of the results relative to the frames; null accepts any size. */
  readonly expectScale: number | null;
}

/** A processor starts a process for each, and a client does not wait for more than a few at once. */
const openedAtOnce = 4;
/** werift's DTLS client gives up if a round trip takes more than half a second, as on a busy machine. */
const attempts = 3;
/** Between two attempts to open a session that has ended, as a client comes back after a rollout. */
const againMs = 1000;

/** Resolves when each session is open, or could not be opened: its frames then fail. */
export async function openLiveTarget(options: LiveTargetOptions): Promise<Target> {
  const { pictures, framesPerSecond, sessions, expectScale, interrupt } = options;
  const frames = new Map<Picture, Buffer>();
  for (const picture of pictures) frames.set(picture, await liveFrame(picture, framesPerSecond));
  const places = Array.from({ length: sessions }, () => new Place(options));
  const waiting = [...places];
  const openNext = async (): Promise<void> => {
    for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
      if (!interrupt.aborted) await place.open();
    }
  };
  await Promise.all(Array.from({ length: openedAtOnce }, openNext));
  let turn = 0;
  return {
    async send(picture, timeoutMs) {
      const expected = expectScale === null ? null : scaled(picture, expectScale);
      const place = places[turn++ % sessions];
      if (place === undefined) throw new Error("a live target needs a session");
      return place.send(frames.get(picture) ?? Buffer.alloc(0), expected, timeoutMs);
    },
    async close() {
      await Promise.all(places.map(async (place) => place.close()));
    },
  };
}

/** The place of a session, which is opened again when it has ended. */
class Place {
  readonly #options: LiveSessionOptions;
  #session: LiveSession | undefined;
  #failure: Failure = { kind: "reset", message: "the session has ended" };
  #opening: Promise<void> | undefined;
  #openAgainAt = 0;
  #isClosed = false;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
    for (let attempt = 0; attempt < attempts && !this.#isClosed; attempt++) {
      if (await this.#opened()) break;
      if (this.#failure.kind !== "connect") break;
    }
    this.#openAgainAt = performance.now() + againMs;
  }

  async #opened(): Promise<boolean> {
    try {
      this.#session = await LiveSession.open(this.#options);
      // Meanwhile this was closed: nobody else would end it.
      if (this.#isClosed) await this.#session.close();
      return true;
    } catch (error) {
      if (!(error instanceof NotOpened)) throw error;
      this.#failure = error.failure;
      return false;
    }
  }

  async send(frame: Buffer, ...rest: [Parameters<LiveSession["send"]>[1], number]): Promise<Answer> {
    if (this.#session?.isOpen === true) {
      const outcome = await this.#session.send(frame, ...rest);
      return { endedAt: performance.now(), outcome };
    }
    if (this.#session !== undefined) this.#failure = { kind: "reset", message: "the session has ended" };
    if (this.#isClosed) return { endedAt: performance.now(), outcome: { kind: "abandoned" } };
    if (performance.now() >= this.#openAgainAt) {
      this.#opening ??= this.open().finally(() => (this.#opening = undefined));
    }
    return { endedAt: performance.now(), outcome: { kind: "failed", failure: this.#failure } };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#session?.close();
  }
}

function scaled({ width, height }: Picture, scale: number) {
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
