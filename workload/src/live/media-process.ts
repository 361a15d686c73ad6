/**
 * The processor's side of a media process.
 *
 *   starting ─ready▶ taking sessions ─exit▶ closing ─▶ exited
 *      │ unusable                            (any state ─▶ died)
 */
import { fork, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { CodecMissing } from "./codec.ts";
import { MessageReader, writeMessage, type PipeMessage } from "./frame-pipe.ts";
import { LiveError } from "./live-error.ts";
import { framePipe, type AvailableCodecs, type FromMedia, type FromSession, type ToMedia } from "./media-messages.ts";

const program = new URL("./media-program.ts", import.meta.url);

/** It imports the transport, which takes a second on a busy machine. */
const startTimeoutMs = 30_000;
/** After its last session has ended; then it is killed. */
const exitTimeoutMs = 1000;
const lastOutput = 2000;

/** Reading is allowed everywhere: the loader searches the system for the codecs. */
const permissions = ["--permission", "--allow-fs-read=*", "--allow-addons", "--no-warnings"];

/**
 * A media process keeps little in its heap: frames are outside of it. An idle one takes 46 MB instead of 59 (PSS), with a nursery of 1 MB
 * for V8 and one arena for malloc.
 */
const small = { flags: ["--max-semi-space-size=1"], env: { MALLOC_ARENA_MAX: "1" } } as const;

/** A session of the process; `id` is unique within it. */
export interface HostedSession {
  readonly id: number;
  message(message: FromSession): void;
  frame(message: PipeMessage): void;
  /** Not after it was removed. */
  died(reason: string): void;
}

export class MediaProcess {
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #ready = Promise.withResolvers<AvailableCodecs>();
  readonly #exited = Promise.withResolvers<void>();
  readonly #sessions = new Map<number, HostedSession>();
  readonly #reader: MessageReader;
  #closing = false;
  #output = "";

  /** `mostPixels`: of the frames that come out of it. */
  constructor(mostPixels: number) {
    const { LD_LIBRARY_PATH } = process.env;
    this.#child = fork(fileURLToPath(program), [], {
      execArgv: [...permissions, ...small.flags],
      // Nothing else: tokens of other services are in the processor's environment.
      env: { ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }), ...small.env },
      stdio: ["ignore", "ignore", "pipe", "ipc", "pipe"],
    });
    this.#reader = new MessageReader(mostPixels, (message) => this.#sessions.get(message.session)?.frame(message));
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
    this.#ready.promise.catch(() => undefined);
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
    return this.#child.exitCode === null && this.#child.signalCode === null && !this.#closing;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  add(session: HostedSession): void {
    this.#sessions.set(session.id, session);
  }

  remove(session: HostedSession): void {
    this.#sessions.delete(session.id);
  }

  tell(message: ToMedia): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** `onWritten`: the frame is on its way. */
  write(message: PipeMessage, onWritten?: () => void): void {
    if (!this.#closing) writeMessage(this.#pipe, message, onWritten);
  }

  /** Resolves when the process has exited. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      if (this.#child.connected) this.#child.disconnect();
      setTimeout(() => this.#child.kill("SIGKILL"), exitTimeoutMs).unref();
    }
    await this.#exited.promise;
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.read(chunk);
    } catch (error) {
      // It no longer runs our program.
      this.#output += `wrote what is no frame: ${(error as Error).message}`;
      this.#pipe.removeAllListeners("data");
      this.#child.kill("SIGKILL");
    }
  }

  #onMessage(message: FromMedia): void {
    switch (message.kind) {
      case "ready":
        return this.#ready.resolve(message.codecs);
      case "unusable":
        return this.#ready.reject(new CodecMissing(message.message));
      case "session":
        this.#sessions.get(message.session)?.message(message.message);
    }
  }

  #onExit(how: string): void {
    const last = this.#output.trim().split("\n").slice(-3).join("; ");
    const reason = last === "" ? how : `${how}: ${last}`;
    this.#ready.reject(new Error(`the media process ended: ${reason}`));
    const ended = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#exited.resolve();
    for (const session of ended) session.died(reason);
  }
}

/** @throws {LiveError} */
export async function inTime<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new LiveError("media-process", `the media process did not ${what} within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => late.reject(error), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
