/** Processed video: from frames to RTP packets, at the bit rate that the client can receive. */
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
import type { CodecName, VideoEncoder } from "./codec.ts";
import type { TimedFrame } from "./frame-pipe.ts";

/** Until the client has reported what it can receive. */
const firstKbps = 1000;
const leastKbps = 100;
/** Smaller changes are not worth it: the encoder starts its rate control anew. */
const worthChanging = 0.1;
const ofOneFrame = 3000;

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
  readonly encoder: VideoEncoder;
  readonly mostKbps: number;
}

export class OutgoingVideo {
  readonly #options: OutgoingVideoOptions;
  readonly #track = new MediaStreamTrack({ kind: "video" });
  #packetizer: Packetizer | undefined;
  #keyFrameWanted = true;
  #kbps: number;
  #timestamp: number | undefined;

  constructor(options: OutgoingVideoOptions) {
    this.#options = options;
    this.#kbps = Math.min(firstKbps, options.mostKbps);
    const { sender, dtlsTransport } = options.transceiver;
    void sender.replaceTrack(this.#track);
    // Not the sender's own event: werift 0.25.2 gives a request to the receiver if the client names its own video as the origin, as
    // Chromium does when video goes both ways.
    dtlsTransport.onRtcp.subscribe((packet) => {
      if (asksForKeyFrame(packet, sender.ssrc)) this.#keyFrameWanted = true;
    });
  }

  send(frame: TimedFrame): void {
    const { transceiver, encoder, codec } = this.#options;
    const { sender } = transceiver;
    // The first frame that a client gets must be a key frame: none is encoded before.
    if (sender.codec === undefined || sender.dtlsTransport.state !== "connected") return;
    const passed = this.#timestamp === undefined ? ofOneFrame : (frame.timestamp - this.#timestamp) | 0;
    this.#timestamp = frame.timestamp;
    const encoded = encoder.encode({
      frame,
      // A publisher may repeat a time, or jump.
      duration: passed > 0 && passed < 90_000 ? passed : ofOneFrame,
      keyFrame: this.#keyFrameWanted,
      kbps: this.#nextKbps(),
    });
    if (encoded === undefined) return;
    this.#keyFrameWanted = false;
    this.#packetizer ??= packetizers[codec](sender.codec.payloadType);
    for (const packet of this.#packetizer.packetize(encoded, frame.timestamp)) this.#track.writeRtp(packet);
  }

  close(): void {
    this.#options.encoder.close();
    this.#track.stop();
  }

  #nextKbps(): number {
    const { transceiver, mostKbps } = this.#options;
    const reported = Number(transceiver.sender.receiverEstimatedMaxBitrate) / 1000;
    const wanted = Math.round(Math.min(mostKbps, Math.max(leastKbps, reported > 0 ? reported : this.#kbps)));
    if (Math.abs(wanted - this.#kbps) > this.#kbps * worthChanging) this.#kbps = wanted;
    return this.#kbps;
  }
}

function asksForKeyFrame(packet: RtcpPacket, ssrc: number): boolean {
  if (!(packet instanceof RtcpPayloadSpecificFeedback)) return false;
  const { feedback } = packet;
  if (feedback instanceof PictureLossIndication) return feedback.mediaSsrc === ssrc;
  // A FIR (RFC 5104, section 4.3.1), which some clients send instead. It names the video in its entries only.
  return "fir" in feedback && feedback.fir.some((entry) => entry.ssrc === ssrc);
}
