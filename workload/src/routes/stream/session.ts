/**
 * One WebSocket session: a picture in each binary message, answered in order, a bounded number under way.
 *
 *   open ──drain──▶ leaving ──idle, or the time is over──▶ finishing ──all answered──▶ closed (1012)
 *     └──────────────── client goes, or misbehaves ──────────────────────────────────▶ closed
 */
import type { RawData, WebSocket } from "ws";
import type { Processed } from "../../pipeline/pipeline.ts";
import { problemOf } from "../problem.ts";
import { FrameWindow } from "./frame-window.ts";
import { MessageBudget } from "./message-budget.ts";

export interface SessionOptions {
  readonly maxInFlight: number;
  /** Sends timings and size in a text message before each picture. */
  readonly info: boolean;
  readonly process: (picture: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<Processed>;
}

type Outcome = { readonly processed: Processed } | { readonly error: unknown };

/** RFC 6455, section 7.4.1, and the registry of IANA. */
const closeCode = { unsupported: 1003, policy: 1008, restart: 1012 } as const;

/** A camera sends 60 frames a second. */
const messagesPerSecond = 1000;

/** With more than this unsent the client is not reading: notices of dropped frames are held back and merged. */
const fewBytes = 64 * 1024;

/** During a drain, a session without frames for this long is idle, unless its frames arrive more slowly. */
const idleAfterMs = 1000;

/** A slow session is idle after this many missed frames, of at most this interval. */
const missedFrames = 3;
const slowestFrameMs = 5000;

/** Time for the client to answer a close; then the connection is cut. */
const closeWithinMs = 2000;

export class StreamSession {
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #window: FrameWindow<Uint8Array<ArrayBuffer>, Outcome>;
  readonly #budget = new MessageBudget(messagesPerSecond, performance.now());
  readonly #gone = new AbortController();
  #lastFrameAt = performance.now();
  /** Between the last two frames; 0 before the second. */
  #frameGapMs = 0;
  #frames = 0;
  #alive = true;
  #finishing = false;
  #idleCheck: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#window = new FrameWindow(options.maxInFlight);
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("pong", () => (this.#alive = true));
    socket.on("ping", (data: Buffer) => this.#onPing(data));
    socket.on("close", () => {
      clearInterval(this.#idleCheck);
      this.#gone.abort();
    });
  }

  /** Pings the client; cuts the connection if the last ping was not answered. */
  heartbeat(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    return this.#socket.ping();
  }

  /** Asks the client to reconnect to another replica, and continues until it does or is idle. */
  drain(secondsLeft: number): void {
    if (this.#isIdle()) return this.finish();
    this.#text({ type: "draining", secondsLeft, advice: "reconnect now; this session ends when it is idle" });
    this.#idleCheck ??= setInterval(() => this.#isIdle() && this.finish(), idleAfterMs / 4);
    return undefined;
  }

  /** Accepts no more frames, answers those it has, and closes. */
  finish(): void {
    this.#finishing = true;
    this.#closeWhenDone();
  }

  #isIdle(): boolean {
    const patienceMs = Math.max(idleAfterMs, missedFrames * Math.min(this.#frameGapMs, slowestFrameMs));
    return this.#window.idle && performance.now() - this.#lastFrameAt >= patienceMs;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    // Messages received before the close still arrive here.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#budget.spend(performance.now())) return this.#close(closeCode.policy, "too many messages");
    if (!isBinary) return this.#close(closeCode.unsupported, "each message must be a binary picture");
    if (this.#finishing) return undefined;
    const now = performance.now();
    // The first frame may come long after the session was opened, so it has no interval.
    if (this.#frames++ > 0) this.#frameGapMs = now - this.#lastFrameAt;
    this.#lastFrameAt = now;
    this.#window.push(bytesOf(data));
    this.#advance();
    return undefined;
  }

  /** Answered here and not by ws, which would queue answers without bound for a client that does not read them. */
  #onPing(data: Buffer): void {
    if (!this.#budget.spend(performance.now())) return this.#close(closeCode.policy, "too many messages");
    if (this.#socket.bufferedAmount < fewBytes && this.#socket.readyState === this.#socket.OPEN)
      this.#socket.pong(data);
    return undefined;
  }

  #advance(): void {
    for (let next = this.#window.next(); next !== undefined; next = this.#window.next()) {
      void this.#process(next.number, next.frame);
    }
    this.#answer();
  }

  async #process(number: number, frame: Uint8Array<ArrayBuffer>): Promise<void> {
    const outcome = await this.#options.process(frame, this.#gone.signal).then(
      (processed) => ({ processed }),
      (error: unknown) => ({ error }),
    );
    this.#window.settle(number, outcome);
    this.#advance();
  }

  #answer(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    while (this.#socket.bufferedAmount < fewBytes) {
      const answer = this.#window.take();
      if (answer === undefined) break;
      if (answer.kind === "dropped") this.#text({ type: "dropped", from: answer.from, to: answer.to });
      else this.#send(answer.frame, answer.outcome);
    }
    this.#closeWhenDone();
  }

  #send(frame: number, outcome: Outcome): void {
    // Released when the response has left, so that a client that does not read has only a few responses here.
    const sent = (): void => {
      this.#window.release();
      this.#advance();
    };
    if ("error" in outcome) {
      const { problem } = problemOf(outcome.error);
      this.#socket.send(JSON.stringify({ frame, ...problem, type: "error", kind: problem.type }), sent);
      return;
    }
    const { body, width, height, format, frames, timings, warnings } = outcome.processed;
    if (this.#options.info) {
      const animation = frames === null ? {} : { frames };
      const kinds = warnings.map(({ kind }) => kind);
      this.#text({ type: "frame", frame, width, height, format, ...animation, timings, warnings: kinds });
    }
    this.#socket.send(body, { binary: true }, sent);
  }

  #text(message: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #closeWhenDone(): void {
    if (this.#finishing && this.#window.idle) this.#close(closeCode.restart, "shutting down: reconnect");
  }

  #close(code: number, reason: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.close(code, reason);
    // A client that never reads would otherwise keep the process running.
    setTimeout(() => this.#socket.terminate(), closeWithinMs).unref();
  }
}

function bytesOf(data: RawData): Uint8Array<ArrayBuffer> {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
  return buffer as Uint8Array<ArrayBuffer>;
}
