/** Processed video: from frames to RTP packets, at the bit rate that the client can receive. */
import { MediaStreamTrack, RtcpPayloadSpecificFeedback, Vp8Packetizer, type RTCRtpTransceiver } from "werift";
import type { VideoEncoder } from "./codec.ts";
import type { TimedFrame } from "./frame-pipe.ts";

/** Until the client has reported what it can receive. */
const firstKbps = 1000;
const leastKbps = 100;
/** Smaller changes are not worth it: the encoder starts its rate control anew. */
const worthChanging = 0.1;
const ofOneFrame = 3000;
/** RFC 5104, section 4.3.1; some clients send it instead of a PLI. */
const fullIntraRequest = 4;

export interface OutgoingVideoOptions {
  readonly transceiver: RTCRtpTransceiver;
  readonly encoder: VideoEncoder;
  readonly mostKbps: number;
}

export class OutgoingVideo {
  readonly #options: OutgoingVideoOptions;
  readonly #track = new MediaStreamTrack({ kind: "video" });
  #packetizer: Vp8Packetizer | undefined;
  #keyFrameWanted = true;
  #kbps: number;
  #timestamp: number | undefined;

  constructor(options: OutgoingVideoOptions) {
    this.#options = options;
    this.#kbps = Math.min(firstKbps, options.mostKbps);
    const { sender } = options.transceiver;
    void sender.replaceTrack(this.#track);
    sender.onPictureLossIndication.subscribe(() => {
      this.#keyFrameWanted = true;
    });
    sender.onRtcp.subscribe((packet) => {
      if (packet instanceof RtcpPayloadSpecificFeedback && packet.feedback.count === fullIntraRequest) {
        this.#keyFrameWanted = true;
      }
    });
  }

  send(frame: TimedFrame): void {
    const { transceiver, encoder } = this.#options;
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
    this.#packetizer ??= new Vp8Packetizer({ payloadType: sender.codec.payloadType });
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
