/** The processor's side of a session in a media process: `open`, then frames both ways, until `close` or the end of the process. */
import { LiveError } from "./live-error.ts";
import type { AudioPacket, EncodedFrame, PipeMessage, TimedFrame } from "./frame-pipe.ts";
import type { IceCredentials } from "./ice-agent.ts";
import type { ConnectionState, Encoding, FromSession, MediaSetup, ToSession } from "./media-messages.ts";
import { inTime, type HostedSession, type MediaProcess } from "./media-process.ts";

const answerTimeoutMs = 10_000;
/** It has told its client, and closed its connection. */
const closeTimeoutMs = 1000;
/** More encoded frames than the client's connection can be behind. */
const mostPendingBytes = 4 * 1024 * 1024;

export interface MediaListener {
  frame(frame: TimedFrame): void;
  encoded(frame: EncodedFrame): void;
  audio(packet: AudioPacket): void;
  state(state: ConnectionState): void;
  /** To the client, in ms. */
  roundTrip(ms: number): void;
  /** What the client can receive. */
  receivable(kbps: number): void;
  keyFrameWanted(): void;
  encodingFailed(encoding: number, message: string): void;
  /** Not after `close`. */
  died(reason: string): void;
}

export class MediaSession implements HostedSession {
  readonly id: number;
  readonly #process: MediaProcess;
  readonly #onClosed: () => Promise<void>;
  readonly #answer = Promise.withResolvers<string>();
  readonly #closed = Promise.withResolvers<void>();
  #restarted: PromiseWithResolvers<IceCredentials> | undefined;
  #listener: MediaListener | undefined;
  #closing = false;
  #frameIsPending = false;
  #pendingBytes = 0;

  /** `onClosed`: resolves when the process does not need to be waited for. */
  constructor(id: number, process: MediaProcess, onClosed: () => Promise<void>) {
    this.id = id;
    this.#process = process;
    this.#onClosed = onClosed;
    this.#answer.promise.catch(() => undefined);
    process.add(this);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Answers the offer. @throws {LiveError} */
  async open(setup: MediaSetup, listener: MediaListener): Promise<string> {
    await this.#process.ready();
    this.#listener = listener;
    this.#tell({ kind: "open", setup });
    return inTime(this.#answer.promise, answerTimeoutMs, "answer");
  }

  /** Takes the client's new ICE credentials; resolves to ours. @throws {LiveError} */
  async restart(client: IceCredentials): Promise<IceCredentials> {
    this.#restarted = Promise.withResolvers<IceCredentials>();
    this.#tell({ kind: "restart", client });
    return inTime(this.#restarted.promise, answerTimeoutMs, "restart ICE");
  }

  /** The forms in which frames of `send` are encoded. */
  encode(encodings: readonly Encoding[]): void {
    this.#tell({ kind: "encodings", encodings });
  }

  requestKeyFrame(encoding: number): void {
    this.#tell({ kind: "key-frame", encoding });
  }

  /** Sends a processed frame to be encoded; false if the one before is still on its way, so that this one is dropped. */
  send(frame: TimedFrame): boolean {
    if (this.#closing || this.#frameIsPending) return false;
    this.#frameIsPending = true;
    this.#process.write({ session: this.id, kind: "frame", frame }, () => {
      this.#frameIsPending = false;
    });
    return true;
  }

  /** Sends an encoded frame to the client; false if too many are still on their way, so that this one is dropped. */
  sendEncoded(encoded: EncodedFrame): boolean {
    if (this.#closing || this.#pendingBytes > mostPendingBytes) return false;
    const { length } = encoded.bytes;
    this.#pendingBytes += length;
    this.#process.write({ session: this.id, kind: "encoded", encoded }, () => {
      this.#pendingBytes -= length;
    });
    return true;
  }

  /** Sends a packet of audio to the client, unless its connection is behind. */
  sendAudio(audio: AudioPacket): void {
    if (this.#closing || this.#pendingBytes > mostPendingBytes) return;
    this.#process.write({ session: this.id, kind: "audio", audio });
  }

  /** The last frame has been used: the next one may come. */
  done(): void {
    if (!this.#closing) this.#process.write({ session: this.id, kind: "done" });
  }

  /** Resolves when the session is gone, and its process, too, if it has no other. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#tell({ kind: "close" });
      const timer = setTimeout(() => this.#closed.resolve(), closeTimeoutMs);
      void this.#closed.promise.then(() => clearTimeout(timer));
    }
    await Promise.race([this.#closed.promise, this.#process.exited]);
    this.#process.remove(this);
    await this.#onClosed();
  }

  message(message: FromSession): void {
    switch (message.kind) {
      case "answer":
        return this.#answer.resolve(message.sdp);
      case "refused":
        return this.#answer.reject(new LiveError("offer-unusable", `WebRTC refuses the offer: ${message.message}`));
      case "restarted":
        return this.#restarted?.resolve(message.ours);
      case "state":
        return this.#listener?.state(message.state);
      case "round-trip":
        return this.#listener?.roundTrip(message.ms);
      case "receivable":
        return this.#listener?.receivable(message.kbps);
      case "key-frame":
        return this.#listener?.keyFrameWanted();
      case "encoding-failed":
        return this.#listener?.encodingFailed(message.encoding, message.message);
      case "closed":
        this.#closed.resolve();
    }
  }

  frame(message: PipeMessage): void {
    if (message.kind === "frame") this.#listener?.frame(message.frame);
    if (message.kind === "encoded") this.#listener?.encoded(message.encoded);
    if (message.kind === "audio") this.#listener?.audio(message.audio);
  }

  died(reason: string): void {
    this.#answer.reject(new LiveError("media-process", "the media process of the session ended"));
    if (!this.#closing) this.#listener?.died(reason);
  }

  #tell(message: ToSession): void {
    this.#process.tell({ session: this.id, message });
  }
}
