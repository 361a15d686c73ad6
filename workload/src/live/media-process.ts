/**
 * The processor's side of a media process.
 *
 *   starting ─ready▶ spare ─open▶ answering ─answer▶ running ─close▶ closing ─▶ exited
 *      │ unusable                     │ refused                        (any state ─▶ died)
 */
import { fork, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { CodecMissing } from "./codec.ts";
import { MessageReader, writeMessage, type TimedFrame } from "./frame-pipe.ts";
import { LiveError } from "./live-error.ts";
import {
  framePipe,
  type AvailableCodecs,
  type ConnectionState,
  type FromMedia,
  type MediaSetup,
  type ToMedia,
} from "./media-messages.ts";

const program = new URL("./media-program.ts", import.meta.url);

/** It imports the transport, which takes a second on a busy machine. */
const startTimeoutMs = 30_000;
const answerTimeoutMs = 10_000;
/** After a close; then it is killed. */
const exitTimeoutMs = 1000;
const lastOutput = 2000;
const longestRoundTripMs = 60_000;

/** Reading is allowed everywhere: the loader searches the system for the codecs. */
const permissions = ["--permission", "--allow-fs-read=*", "--allow-addons", "--no-warnings"];

export interface MediaListener {
  frame(frame: TimedFrame): void;
  state(state: ConnectionState): void;
  /** To the client, in ms. */
  roundTrip(ms: number): void;
  /** Not after `close`. */
  died(reason: string): void;
}

export class MediaProcess {
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #ready = Promise.withResolvers<AvailableCodecs>();
  readonly #answer = Promise.withResolvers<string>();
  readonly #exited = Promise.withResolvers<void>();
  #listener: MediaListener | undefined;
  #closing = false;
  #output = "";
  #reader: MessageReader | undefined;

  constructor() {
    const { LD_LIBRARY_PATH } = process.env;
    this.#child = fork(fileURLToPath(program), [], {
      execArgv: permissions,
      // Nothing else: tokens of other services are in the processor's environment.
      env: LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH },
      stdio: ["ignore", "ignore", "pipe", "ipc", "pipe"],
    });
    this.#pipe = this.#child.stdio[framePipe] as Duplex;
    this.#pipe.on("data", (chunk: Buffer) => this.#read(chunk));
    // Of writes to a process that has just died; `exit` follows.
    this.#pipe.on("error", () => undefined);
    this.#child.on("error", () => undefined);
    this.#child.stderr?.on("data", (text) => {
      this.#output = (this.#output + String(text)).slice(-lastOutput);
    });
    this.#child.on("message", (message) => this.#onMessage(message as FromMedia));
    this.#child.on("exit", (code, signal) => this.#onExit(signal ?? `exit status ${code}`));
    for (const promise of [this.#ready.promise, this.#answer.promise]) promise.catch(() => undefined);
  }

  /** Rejects with `CodecMissing` if the process cannot work on this machine. */
  async ready(): Promise<AvailableCodecs> {
    return inTime(this.#ready.promise, startTimeoutMs, "start");
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Answers the offer. @throws {LiveError} */
  async open(setup: MediaSetup, listener: MediaListener): Promise<string> {
    await this.ready();
    this.#listener = listener;
    this.#reader = new MessageReader(setup.mostPixels, (message) => {
      if (message.kind === "frame") listener.frame(message.frame);
    });
    this.#tell({ kind: "open", setup });
    return inTime(this.#answer.promise, answerTimeoutMs, "answer");
  }

  /** Sends a processed frame to the client; false if the one before is still on its way, so that this one is dropped. */
  send(frame: TimedFrame): boolean {
    if (this.#closing || this.#pipe.writableLength > 0) return false;
    writeMessage(this.#pipe, { kind: "frame", frame });
    return true;
  }

  /** The last frame has been used: the next one may come. */
  done(): void {
    if (!this.#closing) writeMessage(this.#pipe, { kind: "done" });
  }

  /** Resolves when the process has exited. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#tell({ kind: "close" });
      setTimeout(() => this.#child.kill("SIGKILL"), exitTimeoutMs).unref();
    }
    await this.#exited.promise;
  }

  #tell(message: ToMedia): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader?.read(chunk);
    } catch (error) {
      // It no longer runs our program.
      this.#output += `wrote what is no frame: ${(error as Error).message}`;
      this.#reader = undefined;
      this.#child.kill("SIGKILL");
    }
  }

  #onMessage(message: FromMedia): void {
    switch (message.kind) {
      case "ready":
        return this.#ready.resolve(message.codecs);
      case "unusable":
        return this.#ready.reject(new CodecMissing(message.message));
      case "answer":
        return this.#answer.resolve(message.sdp);
      case "refused":
        return this.#answer.reject(new LiveError("offer-unusable", `WebRTC refuses the offer: ${message.message}`));
      case "state":
        return this.#listener?.state(message.state);
      case "round-trip":
        // JSON has numbers that are none, such as 1e999.
        this.#listener?.roundTrip(Math.min(longestRoundTripMs, Math.max(0, message.ms)));
    }
  }

  #onExit(how: string): void {
    const last = this.#output.trim().split("\n").slice(-3).join("; ");
    const reason = last === "" ? how : `${how}: ${last}`;
    const error = new LiveError("media-process", "the media process of the session ended");
    this.#ready.reject(new Error(`the media process ended: ${reason}`));
    this.#answer.reject(error);
    this.#exited.resolve();
    if (!this.#closing) this.#listener?.died(reason);
  }
}

async function inTime<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new LiveError("media-process", `the media process did not ${what} within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => late.reject(error), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
