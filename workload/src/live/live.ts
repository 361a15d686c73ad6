/**
 * Live video: sessions, their media processes, and the way of a frame.
 *
 *   publisher ⇄ mux ⇄ media process ─frame─▶ model ─frame─▶ the same media process ─encoded─▶ media process ⇄ mux ⇄ viewer
 *                     (decodes)                         (encodes for all viewers)             (sends)
 *
 * Of each session at most one frame is in the model; of those that wait in its media process the newest goes next.
 */
import { randomBytes } from "node:crypto";
import type { EndReason } from "../telemetry/live-metrics.ts";
import { innerAnswer, publicAnswer, restartFragment } from "./answer.ts";
import { CodecMissing, type CodecName } from "./codec.ts";
import type { AudioPacket, EncodedFrame, TimedFrame } from "./frame-pipe.ts";
import { LiveError, streamExists } from "./live-error.ts";
import type { LiveOptions, Opened, OfferRequest, Restarted } from "./live-interface.ts";
import type { ConnectionState } from "./media-messages.ts";
import { MediaPool } from "./media-pool.ts";
import type { MediaSession } from "./media-session.ts";
import { audioWays, checkDirection, readFragment, readOffer, type Offer, type SessionKind } from "./offer.ts";
import { SessionTable, type TimedSession } from "./session-table.ts";
import { SharedStream } from "./shared-stream.ts";
import { UdpMux } from "./udp-mux.ts";

interface Session extends TimedSession {
  etag: string;
  clientUfrag: string;
  /** That the client got. */
  answer: string;
  readonly media: MediaSession;
  readonly codec: CodecName;
  /** Its viewers; undefined for others than publishers. */
  readonly shared: SharedStream | undefined;
  /** Ours; undefined until the answer is there. */
  ufrag: string | undefined;
  /** To its client; undefined until the client has reported one. */
  roundTripMs: number | undefined;
}

/** Live video cannot start; the message is one line. */
export class LiveUnusable extends Error {}

const expiryCheckMs = 1000;
/** The client's last packets still find their way while its media process ends. */
const farewellMs = 200;

export class Live {
  readonly #options: LiveOptions;
  readonly #now: () => number;
  readonly #mux: UdpMux;
  readonly #sessions = new SessionTable<Session>();
  readonly #ending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #codecs: readonly CodecName[];
  readonly #pool: MediaPool;
  #draining = false;

  private constructor(
    options: LiveOptions,
    mux: UdpMux,
    pool: MediaPool,
    codecs: readonly CodecName[],
    now: () => number,
  ) {
    this.#options = options;
    this.#mux = mux;
    this.#pool = pool;
    this.#codecs = codecs;
    this.#now = now;
    this.#timer = setInterval(() => this.endExpired(), expiryCheckMs).unref();
    options.telemetry.start({
      count: (kind) => this.#sessions.count(kind),
      limit: options.settings.limits.sessions,
      roundTripsMs: () => this.#sessions.all.flatMap(({ roundTripMs }) => roundTripMs ?? []),
    });
  }

  /** @throws {LiveUnusable} if the UDP port or the codec cannot be used */
  static async start(options: LiveOptions): Promise<Live> {
    const { settings, log, peers, now = () => performance.now() } = options;
    const { udpHost: host, udpPort, sessionsPerProcess } = settings;
    const mux = await UdpMux.listen(udpPort, { now, host, peers }).catch((error: NodeJS.ErrnoException) => {
      const where = host === undefined ? "" : ` of ${host}`;
      throw new LiveUnusable(`live.udpPort: cannot listen on UDP port ${udpPort}${where}: ${error.code}`);
    });
    const pool = new MediaPool({ sessionsPerProcess, mostPixels: settings.limits.pixels });
    try {
      const { names, versions, missing } = await pool.ready();
      log.info({ codecs: versions, missing, udpPort: mux.port }, "live video is ready");
      return new Live(options, mux, pool, names, now);
    } catch (error) {
      await Promise.all([mux.close(), pool.close()]);
      throw new LiveUnusable(
        error instanceof CodecMissing ? error.message : `live video cannot start: ${(error as Error).message}`,
      );
    }
  }

  get udpPort(): number {
    return this.#mux.port;
  }

  /** Of the open sessions' media processes, by the id of the session. */
  get processes(): ReadonlyMap<string, number | undefined> {
    return new Map(this.#sessions.all.map(({ id, media }) => [id, media.pid]));
  }

  /** Clients whose packets are forwarded to other pods. */
  get forwarded(): number {
    return this.#mux.forwarded;
  }

  publishes(stream: string): boolean {
    return this.#sessions.publisherOf(stream) !== undefined;
  }

  /** Rejects what `open` would reject now, before the offer is received. @throws {LiveError} */
  checkAdmission(): void {
    if (this.#draining) throw new LiveError("live-draining", "the processor is shutting down");
    const { sessions } = this.#options.settings.limits;
    if (this.#sessions.size >= sessions) {
      throw new LiveError("too-many-live-sessions", `${sessions} sessions are open: live.limits.sessions`);
    }
  }

  /** Answers an offer. @throws {LiveError} */
  async open({ kind, stream, sdp, addresses }: OfferRequest): Promise<Opened> {
    this.checkAdmission();
    const offer = readOffer(sdp, this.#codecs);
    checkDirection(offer, kind);
    this.#checkStream(kind, stream);
    const media = this.#pool.take();
    const session: Session = {
      id: `${this.#tagged(".")}${randomBytes(18).toString("base64url")}`,
      kind,
      stream,
      etag: newEtag(),
      clientUfrag: offer.ufrag,
      answer: "",
      media,
      codec: offer.codec,
      shared: kind === "publish" ? this.#sharedBy(media) : undefined,
      openedAt: this.#now(),
      connected: false,
      ufrag: undefined,
      roundTripMs: undefined,
    };
    // Before the answer: an offer that arrives meanwhile counts it.
    this.#sessions.add(session);
    try {
      const inner = await this.#answerOf(session, offer);
      const { publicAddresses, publicPort } = this.#options.settings;
      const announced = publicAddresses.length === 0 ? addresses : publicAddresses;
      session.answer = publicAnswer(inner, announced, publicPort ?? this.#mux.port);
      return { id: session.id, etag: session.etag, answer: session.answer };
    } catch (error) {
      this.#end(session, "refused");
      throw error;
    }
  }

  /**
   * What a client adds to its offer. Its candidates are not needed: it sends to ours. Resolves to our answer if it restarts ICE.
   * @throws {LiveError}
   */
  async trickle(id: string, ifMatch: string | undefined, text: string): Promise<Restarted | undefined> {
    const session = this.#find(id);
    if (ifMatch === undefined) throw new LiveError("if-match-missing", "send If-Match with the ETag of the answer");
    if (ifMatch !== "*" && ifMatch !== session.etag) {
      throw new LiveError("if-match", `the session's ETag is ${session.etag}`);
    }
    const { ufrag, password } = readFragment(text);
    if (ufrag === undefined || ufrag === session.clientUfrag) return undefined;
    if (ifMatch !== "*" || password === undefined) {
      throw new LiveError("ice-restart", "send If-Match: *, a=ice-ufrag and a=ice-pwd to restart ICE");
    }
    const ours = await session.media.restart({ ufrag, password });
    this.#mux.restart(session.ufrag ?? "", ours.ufrag);
    session.ufrag = ours.ufrag;
    session.clientUfrag = ufrag;
    session.etag = newEtag();
    return { etag: session.etag, fragment: restartFragment(session.answer, ours.ufrag, ours.password) };
  }

  /** @throws {LiveError} */
  close(id: string): void {
    this.#end(this.#find(id), "deleted");
  }

  /** Refuses new offers; the sessions end after `timeoutMs`. */
  drain(timeoutMs: number): void {
    this.#draining = true;
    setTimeout(() => this.#endAll("drained"), timeoutMs).unref();
  }

  /** Resolves when all sessions have ended; without a drain they end now. */
  async ended(): Promise<void> {
    if (!this.#draining) this.#endAll("drained");
    while (this.#sessions.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** Resolves when the media processes of all ended sessions have exited. */
  async idle(): Promise<void> {
    await Promise.all(this.#ending);
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.#draining = true;
    clearInterval(this.#timer);
    this.#endAll("drained");
    await Promise.all([this.idle(), this.#pool.close()]);
    await this.#mux.close();
  }

  /** Ends the sessions whose clients never came, or have vanished. */
  endExpired(): void {
    const { timeouts } = this.#options.settings;
    const heardAt = ({ ufrag }: Session) => (ufrag === undefined ? undefined : this.#mux.heardAt(ufrag));
    for (const { session, reason } of this.#sessions.expired(this.#now(), timeouts, heardAt))
      this.#end(session, reason);
    this.#mux.sweep();
  }

  /** What ids of this pod begin with. */
  #tagged(separator: string): string {
    const { peers } = this.#options;
    return peers === undefined ? "" : `${peers.ownTag}${separator}`;
  }

  #checkStream(kind: SessionKind, stream: string | null): void {
    if (stream === null) return;
    const publisher = this.#sessions.publisherOf(stream);
    if (kind === "publish" && publisher !== undefined) {
      throw streamExists(stream);
    }
    if (kind === "view" && publisher === undefined) {
      throw new LiveError("no-such-stream", `nothing is published as stream ${stream}`);
    }
  }

  #sharedBy(media: MediaSession): SharedStream {
    return new SharedStream({
      mostKbps: this.#options.settings.limits.kilobitsPerSecond,
      order: (encodings) => media.encode(encodings),
      requestKeyFrame: (encoding) => media.requestKeyFrame(encoding),
    });
  }

  async #answerOf(session: Session, offer: Offer): Promise<string> {
    const { limits } = this.#options.settings;
    const setup = {
      offer: offer.sdp,
      codec: offer.codec,
      clientStartsDtls: offer.startsDtls,
      receives: session.kind !== "view",
      sends: session.kind !== "publish",
      ...audioWays(session.kind, offer),
      ufragPrefix: this.#tagged("/"),
      mostPixels: limits.pixels,
      mostFramesPerSecond: limits.framesPerSecond,
      mostKbps: limits.kilobitsPerSecond,
    };
    const answer = await session.media.open(setup, {
      frame: (frame) => void this.#onFrame(session, frame),
      encoded: (frame) => this.#onEncoded(session, frame),
      audio: (packet) => this.#onAudio(session, packet),
      receivable: (kbps) => this.#watchedBy(session)?.receivable(session.id, kbps),
      keyFrameWanted: () => this.#watchedBy(session)?.requestKeyFrame(session.id),
      encodingFailed: (encoding, message) => this.#onEncodingFailed(session, encoding, message),
      state: (state) => this.#onState(session, state),
      roundTrip: (ms) => {
        session.roundTripMs = ms;
      },
      died: (reason) => {
        this.#options.log.error({ session: session.id, reason }, "a media process died; its session has ended");
        this.#end(session, "media-process-died");
      },
    });
    const inner = innerAnswer(answer);
    if (inner === undefined) throw new LiveError("offer-unusable", "no media of the offer can be used");
    if (this.#sessions.find(session.id) === undefined) {
      throw new LiveError("media-process", "the session ended before its answer was there");
    }
    session.ufrag = inner.ufrag;
    this.#mux.add(inner.ufrag, inner.port);
    return answer;
  }

  #onState(session: Session, state: ConnectionState): void {
    switch (state) {
      case "connected":
        session.connected = true;
        this.#watchedBy(session)?.join({ ...session, send: (frame) => session.media.sendEncoded(frame) });
        return;
      case "disconnected":
        // It may come back, from another address; silence ends it otherwise.
        return;
      case "failed":
      case "closed":
        this.#end(session, state);
    }
  }

  async #onFrame(session: Session, frame: TimedFrame): Promise<void> {
    const { pipeline, telemetry } = this.#options;
    const startedAt = performance.now();
    telemetry.received(frame.dropped);
    try {
      const result = await pipeline.processFrame(frame);
      const processed = { ...result, timestamp: frame.timestamp, dropped: 0 };
      this.#sendResult(session, processed);
      telemetry.processed(performance.now() - startedAt);
    } catch {
      // The queue is full, or the model does not take this size: the pipeline has counted it, and a later frame may succeed.
      telemetry.failed();
    }
    session.media.done();
  }

  /** To the session's own media process, which encodes it: for its client, or for all viewers. */
  #sendResult({ media, shared }: Session, result: TimedFrame): void {
    const { telemetry } = this.#options;
    if (shared === undefined) return telemetry.result(media.send(result));
    if (shared.viewers === 0 || media.send(result)) return;
    for (let count = 0; count < shared.viewers; count++) telemetry.result(false);
  }

  #onEncoded({ shared }: Session, frame: EncodedFrame): void {
    for (const isSent of shared?.encoded(frame) ?? []) this.#options.telemetry.result(isSent);
  }

  #onAudio({ kind, stream }: Session, packet: AudioPacket): void {
    if (kind !== "publish" || stream === null) return;
    for (const { connected, media } of this.#sessions.viewersOf(stream)) if (connected) media.sendAudio(packet);
  }

  #onEncodingFailed(session: Session, encoding: number, message: string): void {
    const ids = session.shared?.viewersOf(encoding) ?? [session.id];
    this.#options.log.error({ session: session.id, viewers: ids.length, message }, "results cannot be encoded");
    for (const id of ids) {
      const each = this.#sessions.find(id);
      if (each !== undefined) this.#end(each, "failed");
    }
  }

  /** The stream that the session watches. */
  #watchedBy({ kind, stream }: Session): SharedStream | undefined {
    return kind === "view" && stream !== null ? this.#sessions.publisherOf(stream)?.shared : undefined;
  }

  #find(id: string): Session {
    const session = this.#sessions.find(id);
    if (session === undefined) throw new LiveError("no-such-session", "the session has ended");
    return session;
  }

  #endAll(reason: EndReason): void {
    for (const session of this.#sessions.all) this.#end(session, reason);
  }

  #end(session: Session, reason: EndReason): void {
    if (!this.#sessions.remove(session)) return;
    this.#options.telemetry.ended(reason);
    this.#watchedBy(session)?.leave(session.id);
    const { ufrag } = session;
    if (ufrag !== undefined) setTimeout(() => this.#mux.remove(ufrag), farewellMs).unref();
    const ending = session.media.close().then(() => {
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
    if (session.kind !== "publish" || session.stream === null) return;
    for (const viewer of this.#sessions.viewersOf(session.stream)) this.#end(viewer, "publisher-gone");
  }
}

/** Of an ICE session (RFC 9725, section 4.3.1). */
function newEtag(): string {
  return `"${randomBytes(9).toString("base64url")}"`;
}
