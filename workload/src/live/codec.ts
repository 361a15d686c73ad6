/** The seam between transport and codec: what a media process needs of a codec. */
import type { VideoFrame } from "../core/video-frame.ts";

export type Decoding =
  | { readonly kind: "frame"; readonly frame: VideoFrame }
  /** The codec shows nothing for these bytes. */
  | { readonly kind: "nothing" }
  /** Only a key frame helps. */
  | { readonly kind: "damaged"; readonly message: string };

export interface VideoDecoder {
  decode(bytes: Buffer): Decoding;
  close(): void;
}

export interface EncodeFrame {
  readonly frame: VideoFrame;
  /** Since the frame before, of 90 kHz. */
  readonly duration: number;
  readonly keyFrame: boolean;
  readonly kbps: number;
}

export interface VideoEncoder {
  /** Returns the encoded frame; undefined if the encoder drops it for the sake of the bit rate. */
  encode(frame: EncodeFrame): Buffer | undefined;
  close(): void;
}

/** As SDP has it. */
export type CodecName = "VP8" | "H264";

export interface VideoCodec {
  readonly name: CodecName;
  /** `libvpx v1.12.0` */
  readonly version: string;
  openDecoder(mostPixels: number): VideoDecoder;
  openEncoder(): VideoEncoder;
}

/** The codec cannot be used on this machine; the message names the next step. */
export class CodecMissing extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CodecMissing";
  }
}
