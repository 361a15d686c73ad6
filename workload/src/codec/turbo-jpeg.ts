/**
 * Decodes JPEGs with libturbojpeg, by its own interface (turbojpeg.h, version 3.1).
 *
 * The binding in `@julusian/jpeg-turbo` always uses the fast DCT, up to 18 levels of 255 off the accurate one, and cannot
 * tell a warning from a failure: its message for both is "No error". It brings the library, though, which koffi calls.
 */
import type { Size } from "../core/picture.ts";
import koffi from "koffi";
import { turbo } from "./libraries.ts";

/** Values of enum TJINIT, TJPARAM and TJPF. */
const decompress = 1;
const parameter = { width: 5, height: 6 } as const;
const rgb = 0;

/** Pixels of the last row before it is decoded: a picture whose last row is all of this colour is decoded twice. */
const unwritten = 0x5b;

type Instance = unknown;

interface Library {
  readonly init: (kind: number) => Instance;
  readonly destroy: (instance: Instance) => void;
  readonly get: (instance: Instance, parameter: number) => number;
  readonly readHeader: (instance: Instance, jpeg: Buffer, size: number) => number;
  /** A pitch of 0: rows without a gap. */
  readonly decompress: (
    ...all: [Instance, jpeg: Buffer, size: number, target: Buffer, pitch: 0, format: number]
  ) => number;
  readonly message: (instance: Instance) => string;
}

let loaded: Library | undefined;

function library(): Library {
  if (loaded !== undefined) return loaded;
  // The binding has loaded the library, which is found by its name then.
  void turbo.FORMAT_RGB;
  const turbojpeg = koffi.load("libturbojpeg.so.0");
  loaded = {
    init: turbojpeg.func("void *tj3Init(int)"),
    destroy: turbojpeg.func("void tj3Destroy(void *)"),
    get: turbojpeg.func("int tj3Get(void *, int)"),
    readHeader: turbojpeg.func("int tj3DecompressHeader(void *, const uint8_t *, size_t)"),
    decompress: turbojpeg.func("int tj3Decompress8(void *, const uint8_t *, size_t, uint8_t *, int, int)"),
    message: turbojpeg.func("const char *tj3GetErrorStr(void *)"),
  };
  return loaded;
}

export interface JpegDecoding {
  /** The decoder's last complaint, if any. */
  readonly complaint: string | undefined;
}

/**
 * Writes an 8-bit grey, YCbCr or RGB JPEG of the given size into `target`, three bytes a pixel. What is missing at the
 * end of a picture that is cut off is grey. Returns undefined if rows are missing, because the decoder gave up.
 */
export function decodeTurboJpeg(target: Buffer, jpeg: Buffer, size: Size): JpegDecoding | undefined {
  const { init, destroy } = library();
  // One for each picture: after some damaged headers, an instance refuses every picture.
  const instance = init(decompress);
  try {
    return decodeWith(instance, target, jpeg, size);
  } finally {
    destroy(instance);
  }
}

function decodeWith(
  instance: Instance,
  target: Buffer,
  jpeg: Buffer,
  { width, height }: Size,
): JpegDecoding | undefined {
  const { get, readHeader, decompress: decode, message } = library();
  // Its result is negative also after a mere warning; without a header, the size is another one.
  readHeader(instance, jpeg, jpeg.length);
  // The library writes as many pixels as it finds, even beyond the end of the target.
  if (get(instance, parameter.width) !== width || get(instance, parameter.height) !== height) return undefined;
  const lastRow = target.subarray((height - 1) * width * 3, height * width * 3).fill(unwritten);
  if (decode(instance, jpeg, jpeg.length, target, 0, rgb) === 0) return { complaint: undefined };
  // tj3GetErrorCode() calls an error that follows a warning a warning, so it cannot tell whether the picture is complete.
  return lastRow.some((value) => value !== unwritten) ? { complaint: message(instance) } : undefined;
}
