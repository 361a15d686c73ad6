/**
 * What is known of OpenH264's binary interface: offsets in its structures and positions in its tables of virtual functions on 64-bit
 * machines, from the headers of 2.3.1 and 2.6.0 (`codec_api.h`, `codec_app_def.h`, `codec_def.h`). Pure.
 */

/** Where a release has what the others have elsewhere. */
export interface Release {
  /** `sizeof(SLayerBSInfo)`, which grew with 2.6.0. */
  readonly layerBytes: number;
}

const releases: Readonly<Record<string, Release>> = { "2.3.1": { layerBytes: 40 }, "2.6.0": { layerBytes: 56 } };

/** Others are refused: the library checks no number of its interface. Undefined for these. */
export function releaseOf(version: string): Release | undefined {
  return releases[version];
}

export const knownReleases = Object.keys(releases).join(" and ");

/** Sonames by the release of Debian that has them, newest first. */
export const sonames = [
  ["libopenh264.so.8", "libopenh264-8 of Debian 13"],
  ["libopenh264.so.7", "libopenh264-7 of Debian 12"],
] as const;

/** Bytes to reserve for each structure; at least what the library reads or writes. */
export const bytesOf = {
  version: 16,
  pointer: 8,
  option: 8,
  encoderParameters: 2048,
  picture: 128,
  encodedFrame: 16_384,
  decoderParameters: 64,
  decodedFrame: 128,
  planes: 24,
} as const;

/** Positions in the table of `ISVCEncoder`. */
export const encoder = {
  initialize: 1,
  defaults: 2,
  uninitialize: 3,
  encode: 4,
  forceKeyFrame: 6,
  setOption: 7,
} as const;
/** Positions in the table of `ISVCDecoder`. */
export const decoder = { initialize: 0, uninitialize: 1, decode: 3, setOption: 8 } as const;

/** `ENCODER_OPTION`, `DECODER_OPTION` */
export const options = { frameRate: 4, bitRate: 5, encoderLog: 25, decoderLog: 9 } as const;

/** `SPATIAL_LAYER_ALL` */
export const allLayers = 4;

/** `SEncParamExt`; what is not set here keeps the library's defaults. 4 bytes each; one byte in `flags`. */
export const parameters = {
  usage: 0,
  width: 4,
  height: 8,
  bitRate: 12,
  rateControl: 16,
  frameRate: 20,
  temporalLayers: 24,
  spatialLayers: 28,
  layer: 32,
  complexity: 832,
  keyFrameDistance: 836,
  parameterSetIds: 844,
  cabac: 856,
  threads: 892,
} as const;
export const flags = { skipFrames: 860, detectSceneChange: 912 } as const;

/** `SSpatialLayerConfig` */
export const layer = {
  width: 0,
  height: 4,
  frameRate: 8,
  bitRate: 12,
  mostBitRate: 16,
  profile: 20,
  sliceMode: 32,
} as const;

/** `SSourcePicture` */
export const picture = { format: 0, strides: 4, planes: 24, width: 56, height: 60, timestampMs: 64 } as const;
export const formatI420 = 23;

/** `SFrameBSInfo`, and `SLayerBSInfo` within it */
export const encodedFrame = { layers: 0, firstLayer: 8, nalCount: 16, nalLengths: 24, bytes: 32 } as const;

/** `SDecodingParam`, and `SVideoProperty` within it */
export const decoderParameters = { concealment: 16, propertyBytes: 24, streamType: 28 } as const;
/** `VIDEO_BITSTREAM_AVC` */
export const streamAvc = 0;

/** `SBufferInfo` */
export const decodedFrame = { status: 0, width: 24, height: 28, format: 32, strides: 36, planes: 48 } as const;

export const bitRateMode = 1;
export const baselineProfile = 66;
/** `DECODING_STATE`, of which everything else but the first means that something is missing or damaged */
export const errorFree = 0;
