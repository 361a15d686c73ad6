/** Encodes each frame in the forms that its receivers need: once for all who share codec and bit rate. */
import type { CodecName, VideoEncoder } from "./codec.ts";
import type { EncodedFrame, TimedFrame } from "./frame-pipe.ts";
import type { Encoding } from "./media-messages.ts";
import { videoFormats } from "./video-format.ts";

/** Of 90 kHz. A key frame costs as much as ten others, and all who share the encoding get it. */
const betweenKeyFrames = 45_000;
const ofOneFrame = 3000;

export interface FrameEncodingsOptions {
  readonly openEncoder: (codec: CodecName) => VideoEncoder;
  readonly onEncoded: (frame: EncodedFrame) => void;
  /** The encoding has ended: its encoder does not take the frames. */
  readonly onFailed: (encoding: number, message: string) => void;
}

interface Open {
  readonly codec: CodecName;
  readonly encoder: VideoEncoder;
  kbps: number;
  keyFrameWanted: boolean;
  /** Time since the last one. */
  sinceKeyFrame: number;
}

export class FrameEncodings {
  readonly #options: FrameEncodingsOptions;
  readonly #open = new Map<number, Open>();
  #timestamp: number | undefined;

  constructor(options: FrameEncodingsOptions) {
    this.#options = options;
  }

  /** Opens those that are new, and ends those that are not listed. */
  set(encodings: readonly Encoding[]): void {
    for (const [id, { encoder }] of this.#open) {
      if (encodings.some((each) => each.id === id)) continue;
      encoder.close();
      this.#open.delete(id);
    }
    for (const { id, codec, kbps } of encodings) {
      const open = this.#open.get(id);
      if (open === undefined) {
        const encoder = this.#options.openEncoder(codec);
        this.#open.set(id, { codec, encoder, kbps, keyFrameWanted: true, sinceKeyFrame: betweenKeyFrames });
      } else open.kbps = kbps;
    }
  }

  /** One comes as soon as the last one is half a second ago. */
  requestKeyFrame(encoding: number): void {
    const open = this.#open.get(encoding);
    if (open !== undefined) open.keyFrameWanted = true;
  }

  encode(frame: TimedFrame): void {
    const passed = this.#timestamp === undefined ? ofOneFrame : (frame.timestamp - this.#timestamp) | 0;
    this.#timestamp = frame.timestamp;
    // A publisher may repeat a time, or jump.
    const duration = passed > 0 && passed < 90_000 ? passed : ofOneFrame;
    for (const [id, open] of this.#open) {
      try {
        this.#encode(id, open, frame, duration);
      } catch (error) {
        open.encoder.close();
        this.#open.delete(id);
        this.#options.onFailed(id, (error as Error).message);
      }
    }
  }

  close(): void {
    this.set([]);
  }

  #encode(encoding: number, open: Open, frame: TimedFrame, duration: number): void {
    open.sinceKeyFrame += duration;
    const keyFrame = open.keyFrameWanted && open.sinceKeyFrame >= betweenKeyFrames;
    const bytes = open.encoder.encode({ frame, duration, keyFrame, kbps: open.kbps });
    // Dropped for the sake of the bit rate.
    if (bytes === undefined) return;
    // Also of its own accord, when the size changes.
    const key = keyFrame || videoFormats[open.codec].isKeyFrame(bytes);
    if (key) {
      open.keyFrameWanted = false;
      open.sinceKeyFrame = 0;
    }
    this.#options.onEncoded({ encoding, key, timestamp: frame.timestamp, bytes });
  }
}
