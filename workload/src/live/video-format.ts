/** What differs between the codecs in RTP packets and in encoded frames. Pure. */
import type { CodecName } from "./codec.ts";
import { h264Payload, isH264KeyFrame } from "./h264-payload.ts";
import { vp8Header, vp8Payload } from "./vp8-payload.ts";

/**
 * Whether a frame starts with a packet. `unless-within`: if no packet of the frame came before. `unknown`: if the packet before ended a
 * frame.
 */
export type FrameStart = "yes" | "no" | "unless-within" | "unknown";

export interface Payload {
  readonly start: FrameStart;
  /** Of the frame, whose parts only need to be put together. */
  readonly bytes: Buffer;
}

export interface VideoFormat {
  /** Undefined if the payload is damaged. */
  payload(payload: Buffer): Payload | undefined;
  /** Whether a decoder can start with this frame. */
  isKeyFrame(frame: Buffer): boolean;
}

export const videoFormats: Readonly<Record<CodecName, VideoFormat>> = {
  VP8: { payload: vp8Payload, isKeyFrame: (frame) => vp8Header(frame)?.key === true },
  H264: { payload: h264Payload, isKeyFrame: isH264KeyFrame },
};
