/**
 * What is known of libvpx's binary interface: numbers of its releases, and offsets in its structures on 64-bit machines, from the headers
 * of 1.12 and 1.15, where they are equal (`vpx/vpx_encoder.h`, `vpx/vpx_image.h`, `vpx/vp8cx.h`). Pure.
 */

/** `VPX_ENCODER_ABI_VERSION` of the releases whose headers were read. Others are refused: a structure may have changed. */
const encoderAbis: Readonly<Record<string, number>> = { "1.12": 25, "1.15": 36 };

/** `VPX_DECODER_ABI_VERSION` of these releases. */
export const decoderAbi = 12;

/** Sonames by the release of Debian that has them, newest first. */
export const sonames = [
  ["libvpx.so.9", "libvpx9 of Debian 13"],
  ["libvpx.so.7", "libvpx7 of Debian 12"],
] as const;

/** `version`: `v1.12.0`, as `vpx_codec_version_str` returns it. Undefined for an unknown release. */
export function encoderAbiOf(version: string): number | undefined {
  const release = /^v(\d+\.\d+)\b/.exec(version)?.[1] ?? "";
  return encoderAbis[release];
}

export const knownReleases = Object.keys(encoderAbis).join(" and ");

/** Bytes to reserve for each structure; at least what the library writes. */
export const bytesOf = { context: 64, encoderConfig: 4096, image: 256, decoderConfig: 12, iterator: 8 } as const;

/** `vpx_codec_enc_cfg_t`; what is not set here keeps the library's defaults. */
export const encoderConfig = {
  threads: 4,
  width: 12,
  height: 16,
  timebaseNumerator: 28,
  timebaseDenominator: 32,
  errorResilient: 36,
  lagInFrames: 44,
  dropFrameThreshold: 48,
  resizeAllowed: 52,
  endUsage: 72,
  kbps: 112,
  minQuantizer: 116,
  maxQuantizer: 120,
  undershootPercent: 124,
  overshootPercent: 128,
  bufferMs: 132,
  bufferInitialMs: 136,
  bufferOptimalMs: 140,
  keyFrameMode: 160,
  keyFrameMinDistance: 164,
  keyFrameMaxDistance: 168,
} as const;

/** `vpx_image_t` */
export const image = {
  format: 0,
  width: 12,
  height: 16,
  bitDepth: 20,
  shownWidth: 24,
  shownHeight: 28,
  chromaShiftX: 40,
  chromaShiftY: 44,
  planes: 48,
  strides: 80,
  bitsPerSample: 96,
} as const;
export const imageFormatI420 = 0x102;

/** `vpx_codec_cx_pkt_t` */
export const packet = { kind: 0, buffer: 8, length: 16 } as const;
export const packetKindFrame = 0;

/** `enum vp8e_enc_control_id` */
export const controls = { cpuUsed: 13, noiseSensitivity: 15, staticThreshold: 17, maxIntraPercent: 26 } as const;

export const constantBitRate = 1;
export const realtimeDeadline = 1;
export const forceKeyFrame = 1;
