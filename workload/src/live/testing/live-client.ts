/** A WebRTC client for tests: publishes drawn frames, and decodes what it receives. */
import {
  MediaStreamTrack,
  PictureLossIndication,
  RTCPeerConnection,
  RtcpPayloadSpecificFeedback,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useREMB,
  useVP8,
  RtpHeader,
  RtpPacket,
  type RTCIceTransport,
  type RTCRtpTransceiver,
  type RtcpPacket,
} from "werift";
import type { Random } from "../../testing/random.ts";
import type { Size } from "../../core/picture.ts";
import type { VideoFrame } from "../../core/video-frame.ts";
import type { VideoCodec } from "../codec.ts";
import { FrameAssembler } from "../frame-assembler.ts";
import { receivableBitRate } from "../incoming-video.ts";
import { packetizers } from "../outgoing-video.ts";
import { videoFormats } from "../video-format.ts";
import { drawnFrame } from "./drawn-frame.ts";
import { mutated } from "./mutated.ts";

export interface LiveClientOptions {
  readonly codec: VideoCodec;
  readonly direction: "sendonly" | "recvonly" | "sendrecv";
  readonly audio?: boolean;
  /** Defaults to 25. */
  readonly framesPerSecond?: number;
  /** Called with each decoded frame, which is not kept then. */
  readonly onFrame?: (timestamp: number) => void;
}

const parametersOf = { VP8: useVP8, H264: useH264 } as const;

export class LiveClient {
  readonly connection: RTCPeerConnection;
  /** Decoded, in their order. */
  readonly received: VideoFrame[] = [];
  keyFrames = 0;
  /** Payloads of audio. */
  readonly heard: Buffer[] = [];
  readonly said: Buffer[] = [];
  sentPackets = 0;
  /** The next frames have it. */
  size: Size = { width: 160, height: 120 };
  readonly #codec: VideoCodec;
  readonly #transceiver: RTCRtpTransceiver;
  readonly #track = new MediaStreamTrack({ kind: "video" });
  readonly #framesPerSecond: number;
  readonly #onFrame: ((timestamp: number) => void) | undefined;
  /** When the frame of a timestamp was drawn, in ms. */
  readonly drawnAt = new Map<number, number>();
  readonly #voice = new MediaStreamTrack({ kind: "audio" });
  #sending: NodeJS.Timeout | undefined;
  #keyFrameWanted = false;
  #damage: (payload: Buffer) => Buffer = (payload) => payload;
  #incoming: MediaStreamTrack | undefined;

  constructor({ codec, direction, audio = false, framesPerSecond = 25, onFrame }: LiveClientOptions) {
    this.#framesPerSecond = framesPerSecond;
    this.#onFrame = onFrame;
    this.#codec = codec;
    this.connection = new RTCPeerConnection({
      codecs: {
        audio: [useOPUS()],
        video: [parametersOf[codec.name]({ rtcpFeedback: [useNACK(), usePLI(), useREMB()] })],
      },
      iceServers: [],
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceUseTcp: false,
      iceAdditionalHostAddresses: ["127.0.0.1"],
    });
    this.#transceiver = this.connection.addTransceiver(direction === "recvonly" ? "video" : this.#track, { direction });
    if (audio) this.connection.addTransceiver(direction === "recvonly" ? "audio" : this.#voice, { direction });
    if (direction === "sendonly") return;
    this.connection.onTrack.subscribe((track) => {
      if (track.kind === "video") this.#receive(track);
      else track.onReceiveRtp.subscribe(({ payload }) => void this.heard.push(payload));
    });
  }

  /** Those of its offer: bundling leaves one in use, and werift 0.25.2 closes only that. */
  #transports: readonly RTCIceTransport[] = [];

  async offer(): Promise<string> {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    this.#transports = [...this.connection.iceTransports];
    return this.connection.localDescription?.sdp ?? "";
  }

  /**
   * Whether the client has connected; it sends frames from then on. werift's DTLS client gives up when a round trip takes more than half
   * a second, as on a busy machine: a HelloVerifyRequest then comes twice.
   */
  async accept(answer: string): Promise<boolean> {
    const settled = Promise.withResolvers<boolean>();
    this.connection.connectionStateChange.subscribe((state) => {
      if (state === "connected" || state === "failed") settled.resolve(state === "connected");
    });
    await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
    // Not the sender's own event: werift 0.25.2 may give a request to the receiver.
    this.#transceiver.dtlsTransport.onRtcp.subscribe((packet) => {
      const asks = packet instanceof RtcpPayloadSpecificFeedback && packet.feedback instanceof PictureLossIndication;
      if (asks) this.#keyFrameWanted = true;
    });
    const connected = await settled.promise;
    if (connected && this.#transceiver.direction !== "recvonly") this.#send();
    return connected;
  }

  /** The port of the processor, or of the balancer before it. */
  get remotePort(): number {
    return this.#transceiver.dtlsTransport.iceTransport.connection.nominated?.remoteAddr[1] ?? 0;
  }

  /** Whether DTLS was closed by the other side. */
  get isClosed(): boolean {
    return this.#transceiver.dtlsTransport.state === "closed";
  }

  /** Asks for a key frame: by a PLI (RFC 4585, section 6.3.1) or by a FIR (RFC 5104, section 4.3.1). */
  async requestKeyFrame(by: "PLI" | "FIR"): Promise<void> {
    const { receiver, dtlsTransport } = this.#transceiver;
    const ssrc = this.#incoming?.ssrc ?? 0;
    if (by === "PLI") return receiver.sendRtcpPLI(ssrc);
    const packet = Buffer.from("84ce000400000001000000000000000001000000", "hex");
    packet.writeUInt32BE(ssrc, 12);
    await dtlsTransport.sendRtcp([{ serialize: () => packet } as RtcpPacket]);
  }

  /** Reports the bit rate that it can receive, as a REMB. */
  reportReceivable(kbps: number): void {
    const { receiver, dtlsTransport } = this.#transceiver;
    const feedback = receivableBitRate(receiver.rtcpSsrc, this.#incoming?.ssrc ?? 0, kbps);
    void dtlsTransport.sendRtcp([feedback]);
  }

  /** Damages every n-th payload that it sends from now on. */
  damageEvery(count: number, random: Random): void {
    this.#damage = (payload) => (random() * count < 1 ? mutated(payload, random) : payload);
  }

  /** Sends a packet of audio, of any bytes. */
  say(payload: Buffer): void {
    const index = this.said.push(payload);
    const header = new RtpHeader({ sequenceNumber: index, timestamp: index * 960, payloadType: 111 });
    this.#voice.writeRtp(new RtpPacket(header, payload));
  }

  /** Ends without a word, as a client that lost its power. */
  vanish(): void {
    clearInterval(this.#sending);
    for (const { connection } of this.connection.iceTransports) void connection.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#sending);
    await this.connection.close();
    await Promise.all(this.#transports.map(async ({ connection }) => connection.close()));
  }

  #send(): void {
    const encoder = this.#codec.openEncoder();
    const packetizer = packetizers[this.#codec.name](this.#transceiver.sender.codec?.payloadType ?? 96);
    let index = 0;
    const duration = Math.round(90_000 / this.#framesPerSecond);
    this.#sending = setInterval(() => {
      const frame = drawnFrame(this.size, index++);
      if (this.#onFrame !== undefined) this.drawnAt.set(index * duration, performance.now());
      const bytes = encoder.encode({ frame, duration, keyFrame: this.#keyFrameWanted, kbps: 1000 });
      this.#keyFrameWanted = false;
      if (bytes === undefined) return;
      for (const packet of packetizer.packetize(bytes, index * duration)) {
        packet.payload = this.#damage(packet.payload);
        this.sentPackets++;
        this.#track.writeRtp(packet);
      }
    }, 1000 / this.#framesPerSecond);
  }

  #receive(track: MediaStreamTrack): void {
    this.#incoming = track;
    const decoder = this.#codec.openDecoder(16_383 * 16_383);
    const format = videoFormats[this.#codec.name];
    const assembler = new FrameAssembler(format);
    track.onReceiveRtp.subscribe(({ header, payload }) => {
      const { sequenceNumber, timestamp, marker } = header;
      for (const { bytes, timestamp: time } of assembler.push(
        { sequenceNumber, timestamp, marker, payload },
        performance.now(),
      )) {
        if (format.isKeyFrame(bytes)) this.keyFrames++;
        const decoding = decoder.decode(bytes);
        if (decoding.kind === "frame" && this.#onFrame !== undefined) this.#onFrame(time);
        else if (decoding.kind === "frame") this.received.push(decoding.frame);
        // As browsers do: its first key frame may have been lost while it connected.
        if (decoding.kind === "damaged" && this.received.length === 0) void this.requestKeyFrame("PLI");
      }
    });
  }
}
