/** The client's video: from RTP packets to decoded frames, the newest first. */
import { performance } from "node:perf_hooks";
import {
  ReceiverEstimatedMaxBitrate,
  RtcpPayloadSpecificFeedback,
  type MediaStreamTrack,
  type RTCRtpReceiver,
} from "werift";
import type { VideoDecoder } from "./codec.ts";
import { FrameAssembler, type AssembledFrame } from "./frame-assembler.ts";
import type { TimedFrame } from "./frame-pipe.ts";
import { NewestFrame } from "./newest-frame.ts";
import type { VideoFormat } from "./video-format.ts";

/** A key frame needs a round trip, and costs as much as ten others. */
const betweenRequestsMs = 500;
/** Browsers forget the limit after two seconds. */
const limitEveryMs = 1000;

export interface IncomingVideoOptions {
  readonly track: MediaStreamTrack;
  readonly receiver: RTCRtpReceiver;
  readonly decoder: VideoDecoder;
  readonly format: VideoFormat;
  readonly mostFramesPerSecond: number;
  readonly mostKbps: number;
  readonly send: (frame: TimedFrame) => void;
}

export class IncomingVideo {
  readonly #options: IncomingVideoOptions;
  readonly #assembler: FrameAssembler;
  readonly #newest: NewestFrame<TimedFrame>;
  readonly #limit: NodeJS.Timeout;
  #requestedAt = Number.NEGATIVE_INFINITY;
  /** Whether frames refer to one that is missing. */
  #broken = true;

  constructor(options: IncomingVideoOptions) {
    this.#options = options;
    this.#assembler = new FrameAssembler(options.format);
    this.#newest = new NewestFrame({
      mostPerSecond: options.mostFramesPerSecond,
      send: (frame, dropped) => options.send({ ...frame, dropped }),
    });
    options.track.onReceiveRtp.subscribe(({ header, payload }) => {
      const { sequenceNumber, timestamp, marker } = header;
      const packet = { sequenceNumber, timestamp, marker, payload };
      for (const frame of this.#assembler.push(packet, performance.now())) this.#decode(frame);
    });
    this.#limit = setInterval(() => this.#sendLimit(), limitEveryMs);
  }

  /** The processor has used the last frame. */
  done(): void {
    this.#newest.done();
  }

  close(): void {
    clearInterval(this.#limit);
    this.#options.decoder.close();
  }

  #decode({ bytes, timestamp, afterLoss }: AssembledFrame): void {
    if (afterLoss) this.#broken = true;
    if (this.#broken && !this.#options.format.isKeyFrame(bytes)) return this.#requestKeyFrame();
    const decoding = this.#options.decoder.decode(bytes);
    switch (decoding.kind) {
      case "frame":
        this.#broken = false;
        this.#newest.offer({ ...decoding.frame, timestamp, dropped: 0 }, performance.now());
        return;
      case "nothing":
        return;
      case "damaged":
        this.#broken = true;
        this.#requestKeyFrame();
    }
  }

  #requestKeyFrame(): void {
    const now = performance.now();
    const { track, receiver } = this.#options;
    if (now - this.#requestedAt < betweenRequestsMs || track.ssrc === undefined) return;
    this.#requestedAt = now;
    void receiver.sendRtcpPLI(track.ssrc);
  }

  /** REMB: the only limit of a bit rate that browsers take while a session runs. */
  #sendLimit(): void {
    const { track, receiver, mostKbps } = this.#options;
    if (track.ssrc === undefined || receiver.dtlsTransport.state !== "connected") return;
    void receiver.dtlsTransport.sendRtcp([receivableBitRate(receiver.rtcpSsrc, track.ssrc, mostKbps)]);
  }
}

/** A REMB (draft-alvestrand-rmcat-remb, section 2.2). */
export function receivableBitRate(senderSsrc: number, ssrc: number, kbps: number): RtcpPayloadSpecificFeedback {
  const exponent = Math.max(0, Math.ceil(Math.log2((kbps * 1000) / 2 ** 18)));
  const feedback = new ReceiverEstimatedMaxBitrate({
    senderSsrc,
    mediaSsrc: 0,
    ssrcNum: 1,
    ssrcFeedbacks: [ssrc],
    brExp: exponent,
    brMantissa: Math.floor((kbps * 1000) / 2 ** exponent),
  });
  return new RtcpPayloadSpecificFeedback({ feedback });
}
