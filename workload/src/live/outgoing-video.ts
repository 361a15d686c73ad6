/** Processed video: from encoded frames to RTP packets, and what the client says about them. */
import {
  H264Packetizer,
  MediaStreamTrack,
  PictureLossIndication,
  RtcpPayloadSpecificFeedback,
  Vp8Packetizer,
  type RTCRtpTransceiver,
  type RtcpPacket,
  type RtpPacket,
} from "werift";
import type { CodecName } from "./codec.ts";
import type { EncodedFrame } from "./frame-pipe.ts";

const leastKbps = 100;
/** Smaller changes are not worth it: the encoder starts its rate control anew. */
const worthChanging = 0.1;

interface Packetizer {
  packetize(frame: Buffer, timestamp: number): RtpPacket[];
}

export const packetizers: Readonly<Record<CodecName, (payloadType: number) => Packetizer>> = {
  VP8: (payloadType) => new Vp8Packetizer({ payloadType }),
  H264: (payloadType) => new H264Packetizer({ payloadType, inputFormat: "annexb" }),
};

export interface OutgoingVideoOptions {
  readonly transceiver: RTCRtpTransceiver;
  readonly codec: CodecName;
  readonly firstKbps: number;
  readonly mostKbps: number;
  readonly onKeyFrameWanted: () => void;
  /** The client can receive another bit rate than before. */
  readonly onReceivable: (kbps: number) => void;
}

export class OutgoingVideo {
  readonly #options: OutgoingVideoOptions;
  readonly #track = new MediaStreamTrack({ kind: "video" });
  #packetizer: Packetizer | undefined;
  #kbps: number;

  constructor(options: OutgoingVideoOptions) {
    this.#options = options;
    this.#kbps = options.firstKbps;
    const { sender, dtlsTransport } = options.transceiver;
    void sender.replaceTrack(this.#track);
    // Not the sender's own event: werift 0.25.2 gives a request to the receiver if the client names its own video as the origin, as
    // Chromium does when video goes both ways.
    dtlsTransport.onRtcp.subscribe((packet) => {
      if (asksForKeyFrame(packet, sender.ssrc)) options.onKeyFrameWanted();
    });
  }

  /** Whether a frame would reach the client: the first one must be a key frame, so that none is encoded before. */
  get isReady(): boolean {
    const { sender } = this.#options.transceiver;
    return sender.codec !== undefined && sender.dtlsTransport.state === "connected";
  }

  send({ timestamp, bytes }: Pick<EncodedFrame, "timestamp" | "bytes">): void {
    const { transceiver, codec } = this.#options;
    if (!this.isReady || transceiver.sender.codec === undefined) return;
    this.#packetizer ??= packetizers[codec](transceiver.sender.codec.payloadType);
    const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const packet of this.#packetizer.packetize(frame, timestamp)) this.#track.writeRtp(packet);
    this.#readReceivable();
  }

  close(): void {
    this.#track.stop();
  }

  /** From the client's reports (REMB). */
  #readReceivable(): void {
    const { transceiver, mostKbps, onReceivable } = this.#options;
    const reported = Number(transceiver.sender.receiverEstimatedMaxBitrate) / 1000;
    if (!(reported > 0)) return;
    const kbps = Math.round(Math.min(mostKbps, Math.max(leastKbps, reported)));
    if (Math.abs(kbps - this.#kbps) <= this.#kbps * worthChanging) return;
    this.#kbps = kbps;
    onReceivable(kbps);
  }
}

function asksForKeyFrame(packet: RtcpPacket, ssrc: number): boolean {
  if (!(packet instanceof RtcpPayloadSpecificFeedback)) return false;
  const { feedback } = packet;
  if (feedback instanceof PictureLossIndication) return feedback.mediaSsrc === ssrc;
  // A FIR (RFC 5104, section 4.3.1), which some clients send instead. It names the video in its entries only.
  return "fir" in feedback && feedback.fir.some((entry) => entry.ssrc === ssrc);
}
