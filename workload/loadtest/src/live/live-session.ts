/** A WebRTC session that publishes frames and receives their results (`POST /v1/exchange`). */
import { networkInterfaces } from "node:os";
import { MediaStreamTrack, RTCPeerConnection, useNACK, usePLI, useREMB, useVP8, Vp8Packetizer } from "werift";
import { request } from "undici";
import { failureOf, type Failure } from "../target/failure.ts";
import type { Outcome } from "../target/sample.ts";
import { FramesInFlight, type FrameSize } from "./frames-in-flight.ts";

export interface LiveSessionOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** From the offer to the connection. */
  readonly connectTimeoutMs: number;
  /** Aborted: sessions that are being opened are given up. */
  readonly interrupt: AbortSignal;
}

/**
 * A camera goes on: without a newer frame nobody would learn that the processor has dropped one. So the last frame is sent again, uncounted,
 * while one is in flight.
 */
const goOnMs = 500;
/** RTP's clock of video. */
const ticksPerMs = 90;
const answerBytesAtMost = 64 * 1024;
const messageAtMost = 160;
/** A processor whose media process has died says nothing, and ICE would notice after 30 s (RFC 7675). */
const silentMs = 10_000;

/** It was not opened; no frame can be sent. */
export class NotOpened extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #connection: RTCPeerConnection;
  readonly #track = new MediaStreamTrack({ kind: "video" });
  readonly #frames = new FramesInFlight();
  readonly #openedAt = performance.now();
  #packetizer: Vp8Packetizer | undefined;
  #location: URL | undefined;
  #timestamp = 0;
  #isOpen = false;
  #goingOn: NodeJS.Timeout | undefined;
  /** When the first frame was sent after which nothing has come. */
  #waitingSince: number | undefined;

  private constructor(options: LiveSessionOptions) {
    this.#options = options;
    this.#connection = new RTCPeerConnection({
      codecs: { audio: [], video: [useVP8({ rtcpFeedback: [useNACK(), usePLI(), useREMB()] })] },
      // Where it gathers addresses itself, werift 0.25.2 asks a STUN server on the internet, even if none is configured.
      iceServers: [],
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceUseTcp: false,
      iceAdditionalHostAddresses: ownAddresses(),
    });
    this.#connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        const { sequenceNumber, timestamp, marker } = header;
        this.#waitingSince = undefined;
        this.#frames.received({ sequenceNumber, timestamp, marker, payload });
      });
    });
  }

  /** @throws {NotOpened} */
  static async open(options: LiveSessionOptions): Promise<LiveSession> {
    const session = new LiveSession(options);
    try {
      await session.#connect();
      return session;
    } catch (error) {
      await session.close();
      throw error instanceof NotOpened ? error : new NotOpened(failureOf(error));
    }
  }

  /** False once the processor, or the network, has ended it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a frame; resolves with what became of it. */
  async send(frame: Buffer, expected: FrameSize | null, timeoutMs: number): Promise<Outcome> {
    const now = performance.now();
    const timestamp = this.#nextTimestamp(now);
    const settled = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => {
      this.#frames.forget(timestamp);
      const message = `no result of the frame within ${Math.round(timeoutMs)} ms`;
      settled.resolve({ kind: "failed", failure: { kind: "timeout", message } });
    }, timeoutMs);
    this.#frames.sent(timestamp, expected, settled.resolve);
    this.#write(frame, timestamp);
    this.#waitingSince ??= now;
    if (now - this.#waitingSince > silentMs) this.#end(`nothing has come back for ${silentMs / 1000} s`);
    const outcome = await settled.promise;
    clearTimeout(timer);
    return outcome;
  }

  #nextTimestamp(now: number): number {
    // Two frames within a millisecond differ, too.
    this.#timestamp = Math.max(this.#timestamp + 1, Math.round((now - this.#openedAt) * ticksPerMs));
    return this.#timestamp;
  }

  #write(frame: Buffer, timestamp: number): void {
    for (const packet of this.#packetizer?.packetize(frame, timestamp) ?? []) this.#track.writeRtp(packet);
    clearTimeout(this.#goingOn);
    this.#goingOn = setTimeout(() => {
      if (!this.#isOpen || !this.#frames.isWaiting) return;
      const again = this.#nextTimestamp(performance.now());
      this.#frames.sentUncounted(again);
      this.#write(frame, again);
    }, goOnMs);
  }

  /** Frames in flight are abandoned. */
  async close(): Promise<void> {
    this.#isOpen = false;
    clearTimeout(this.#goingOn);
    this.#frames.settleAll({ kind: "abandoned" });
    if (this.#location !== undefined) {
      const { headers, connectTimeoutMs } = this.#options;
      const signal = AbortSignal.timeout(connectTimeoutMs);
      // Its DTLS ends as well: at the latest then the processor ends the session.
      await request(this.#location, { method: "DELETE", headers, signal }).then(
        async ({ body }) => body.dump(),
        () => undefined,
      );
    }
    await this.#connection.close();
  }

  async #connect(): Promise<void> {
    const transceiver = this.#connection.addTransceiver(this.#track, { direction: "sendrecv" });
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    const connected = Promise.withResolvers<void>();
    const ended = (state: string): void => {
      connected.reject(new NotOpened({ kind: "connect", message: `the session's connection is ${state}` }));
      this.#end("the session has ended");
    };
    const late = () => connected.reject(new NotOpened({ kind: "timeout", message: this.#notConnectedMessage() }));
    const { connectTimeoutMs, interrupt } = this.#options;
    const timer = setTimeout(late, connectTimeoutMs);
    const giveUp = () => connected.reject(new NotOpened({ kind: "other", message: "interrupted" }));
    interrupt.addEventListener("abort", giveUp);
    // Unless something awaits it, a failure before the answer would end the program.
    connected.promise.catch(() => undefined);
    transceiver.dtlsTransport.onStateChange.subscribe((state) => {
      if (state === "connected") connected.resolve();
      if (state === "closed" || state === "failed") ended(state);
    });
    try {
      const answer = await this.#post(this.#connection.localDescription?.sdp ?? "");
      await this.#connection.setRemoteDescription({ type: "answer", sdp: answer });
      await connected.promise;
    } finally {
      clearTimeout(timer);
      interrupt.removeEventListener("abort", giveUp);
    }
    this.#packetizer = new Vp8Packetizer({ payloadType: transceiver.sender.codec?.payloadType ?? 96 });
    this.#isOpen = true;
  }

  /** The answer to the offer. */
  async #post(offer: string): Promise<string> {
    const { url, headers, connectTimeoutMs, interrupt } = this.#options;
    const response = await request(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/sdp" },
      body: offer,
      signal: AbortSignal.any([AbortSignal.timeout(connectTimeoutMs), interrupt]),
    });
    const text = (await response.body.text()).slice(0, answerBytesAtMost);
    if (response.statusCode !== 201) {
      const message = `status ${response.statusCode}: ${problemOf(text)}`.slice(0, messageAtMost);
      throw new NotOpened({ kind: `http-${response.statusCode}`, message });
    }
    const { location } = response.headers;
    if (typeof location === "string" && URL.canParse(location, url.href)) this.#location = new URL(location, url);
    return text;
  }

  #notConnectedMessage(): string {
    const { connectTimeoutMs } = this.#options;
    return `no connection within ${connectTimeoutMs} ms of the answer: check the UDP port and live.publicAddresses`;
  }

  #end(message: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#frames.settleAll({ kind: "failed", failure: { kind: "reset", message } });
  }
}

/** Where the processor may find this client. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
}

/** What a problem (RFC 9457) says; other bodies as they are. */
function problemOf(text: string): string {
  try {
    const { detail = text } = JSON.parse(text) as { readonly detail?: string };
    return detail;
  } catch {
    return text;
  }
}
