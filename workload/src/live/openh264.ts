/**
 * H.264 by the system's OpenH264, through koffi: objects of C++, whose first word points to a table of functions. A mistake here ends the
 * process, as may a flaw of OpenH264: it runs in media processes only.
 */
import koffi from "koffi";
import { chromaSize, frameBytes, type VideoFrame } from "../core/video-frame.ts";
import { type Decoding, type EncodeFrame, type VideoCodec, type VideoDecoder, type VideoEncoder } from "./codec.ts";
import { encodableFrame } from "./encodable-frame.ts";
import { annexB, nalType, nalTypes, nalUnits, sizeInSps } from "./h264-payload.ts";
import {
  binder,
  littleEndian,
  loadFirst,
  NativeMemory,
  unknownRelease,
  viewOf,
  type Library,
  type Names,
  type Pointer,
} from "./native-library.ts";
import * as abi from "./openh264-abi.ts";

/** @throws {CodecMissing} */
export function openOpenh264(names: Names = abi.sonames): VideoCodec {
  const library = loadFirst("OpenH264", names);
  const version = versionOf(library);
  const release = abi.releaseOf(version);
  if (release === undefined) {
    throw unknownRelease("OpenH264", version, abi.knownReleases);
  }
  const functions = bind(library);
  return {
    name: "H264",
    version: `OpenH264 ${version}`,
    openDecoder: (mostPixels) => new H264Decoder(functions, mostPixels),
    openEncoder: () => new H264Encoder(functions, release),
  };
}

function versionOf(library: Library): string {
  const memory = new NativeMemory();
  const { pointer, view } = memory.take(abi.bytesOf.version);
  (library.func("void WelsGetCodecVersionEx(void *version)") as (version: Pointer) => void)(pointer);
  const version = [0, 4, 8].map((at) => view.getUint32(at, littleEndian)).join(".");
  memory.free();
  return version;
}

const prototypes = {
  object: koffi.proto("int OpenH264Object(void *self)"),
  pointer: koffi.proto("int OpenH264Pointer(void *self, void *parameter)"),
  encode: koffi.proto("int OpenH264Encode(void *self, void *picture, void *info)"),
  key: koffi.proto("int OpenH264Key(void *self, bool idr, int layer)"),
  option: koffi.proto("int OpenH264Option(void *self, int option, void *value)"),
  decode: koffi.proto("int OpenH264Decode(void *self, void *bytes, int length, void *planes, void *info)"),
};

function bind(library: Library) {
  const native = binder(library);
  return {
    createEncoder: native<[Pointer], number>("int WelsCreateSVCEncoder(void *result)"),
    createDecoder: native<[Pointer], number>("long WelsCreateDecoder(void *result)"),
    destroyEncoder: native<[Pointer], void>("void WelsDestroySVCEncoder(void *encoder)"),
    destroyDecoder: native<[Pointer], void>("void WelsDestroyDecoder(void *decoder)"),
  };
}

type Functions = ReturnType<typeof bind>;

/** A C++ object with a table of virtual functions. */
class NativeObject {
  readonly pointer: Pointer;
  readonly #table: Pointer;

  constructor(create: (result: Pointer) => number) {
    const memory = new NativeMemory();
    const { pointer, view } = memory.take(abi.bytesOf.pointer);
    const code = create(pointer);
    this.pointer = view.getBigUint64(0, littleEndian);
    memory.free();
    if (code !== 0) throw new Error(`OpenH264 cannot create an object: ${code}`);
    this.#table = viewOf(this.pointer, abi.bytesOf.pointer).getBigUint64(0, littleEndian);
  }

  call(prototype: (typeof prototypes)[keyof typeof prototypes], position: number, ...parameters: unknown[]): number {
    const entry = viewOf(this.#table, abi.bytesOf.pointer * (position + 1));
    const address: Pointer = entry.getBigUint64(abi.bytesOf.pointer * position, littleEndian);
    return koffi.call(address, prototype, this.pointer, ...parameters) as number;
  }

  setOption(position: number, option: number, value: number, kind: "Int32" | "Float32" = "Int32"): void {
    const memory = new NativeMemory();
    // `SBitrateInfo` has the layer first, and 4 stands for all.
    const { pointer, view } = memory.take(abi.bytesOf.option);
    if (option === abi.options.bitRate) {
      view.setInt32(0, abi.allLayers, littleEndian);
      view.setInt32(4, value, littleEndian);
    } else view[`set${kind}`](0, value, littleEndian);
    this.call(prototypes.option, position, option, pointer);
    memory.free();
  }
}

/** The decoder gets nothing else: every other kind would be more code for strangers to reach. */
const decoded: ReadonlySet<number> = new Set([nalTypes.slice, nalTypes.keySlice, nalTypes.sps, nalTypes.pps]);

class H264Decoder implements VideoDecoder {
  readonly #functions: Functions;
  readonly #mostPixels: number;
  readonly #memory = new NativeMemory();
  readonly #planes = this.#memory.take(abi.bytesOf.planes);
  readonly #info = this.#memory.take(abi.bytesOf.decodedFrame);
  readonly #native: NativeObject;
  #open = true;

  constructor(functions: Functions, mostPixels: number) {
    this.#functions = functions;
    this.#mostPixels = mostPixels;
    this.#native = new NativeObject(functions.createDecoder);
    this.#native.setOption(abi.decoder.setOption, abi.options.decoderLog, 0);
    const { pointer, view } = this.#memory.take(abi.bytesOf.decoderParameters);
    // Nothing is made up for what is missing: a key frame is requested.
    view.setInt32(abi.decoderParameters.concealment, 0, littleEndian);
    view.setUint32(abi.decoderParameters.propertyBytes, 8, littleEndian);
    view.setInt32(abi.decoderParameters.streamType, abi.streamAvc, littleEndian);
    const code = this.#native.call(prototypes.pointer, abi.decoder.initialize, pointer);
    if (code !== 0) throw new Error(`OpenH264 cannot open a decoder: ${code}`);
  }

  decode(bytes: Buffer): Decoding {
    const units = nalUnits(bytes).filter((unit) => decoded.has(nalType(unit)));
    if (!this.#open || units.length === 0) return { kind: "damaged", message: "not a frame of H.264" };
    for (const unit of units) {
      if (nalType(unit) !== nalTypes.sps) continue;
      const size = sizeInSps(unit);
      if (size === undefined) return { kind: "damaged", message: "the frame's profile is not baseline, main or high" };
      const { width, height } = size;
      // Sizes are whole macroblocks: the picture within may be up to 15 pixels smaller on each side.
      if ((width - 15) * (height - 15) > this.#mostPixels) {
        return { kind: "damaged", message: `the frame is ${width}x${height}, limit ${this.#mostPixels} pixels` };
      }
    }
    const frame = annexB(units);
    new Uint8Array(this.#info.view.buffer).fill(0);
    const code = this.#native.call(
      prototypes.decode,
      abi.decoder.decode,
      frame,
      frame.length,
      this.#planes.pointer,
      this.#info.pointer,
    );
    if (code !== abi.errorFree) return { kind: "damaged", message: `OpenH264: decoding state ${code}` };
    if (this.#info.view.getInt32(abi.decodedFrame.status, littleEndian) !== 1) return { kind: "nothing" };
    return { kind: "frame", frame: copyOf(this.#info.view) };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#native.call(prototypes.object, abi.decoder.uninitialize);
    this.#functions.destroyDecoder(this.#native.pointer);
    this.#memory.free();
  }
}

/** The decoder's picture lies in memory with borders, and only until the next call. */
function copyOf(info: DataView): VideoFrame {
  const { decodedFrame } = abi;
  if (info.getInt32(decodedFrame.format, littleEndian) !== abi.formatI420) throw new Error("OpenH264 returned no I420");
  const width = info.getInt32(decodedFrame.width, littleEndian);
  const height = info.getInt32(decodedFrame.height, littleEndian);
  const chroma = chromaSize({ width, height });
  const bytes = new Uint8Array(frameBytes({ width, height }));
  let to = 0;
  for (const [plane, size] of [{ width, height }, chroma, chroma].entries()) {
    const stride = info.getInt32(decodedFrame.strides + (plane === 0 ? 0 : 4), littleEndian);
    const address = info.getBigUint64(decodedFrame.planes + 8 * plane, littleEndian);
    const rows = new Uint8Array(koffi.view(address, stride * (size.height - 1) + size.width));
    for (let row = 0; row < size.height; row++, to += size.width) {
      bytes.set(rows.subarray(row * stride, row * stride + size.width), to);
    }
  }
  return { width, height, bytes };
}

const clockRate = 90_000;
/** A smaller change of the frame rate is noise of its measurement. */
const worthChanging = 0.2;
const mostFramesPerSecond = 60;

interface OpenEncoder {
  readonly native: NativeObject;
  readonly width: number;
  readonly height: number;
  kbps: number;
  framesPerSecond: number;
}

class H264Encoder implements VideoEncoder {
  readonly #functions: Functions;
  readonly #layerBytes: number;
  readonly #memory = new NativeMemory();
  readonly #parameters = this.#memory.take(abi.bytesOf.encoderParameters);
  readonly #picture = this.#memory.take(abi.bytesOf.picture);
  readonly #info = this.#memory.take(abi.bytesOf.encodedFrame);
  #open: OpenEncoder | undefined;
  /** Of late. The encoder's rate control counts frames, not time. */
  #framesPerSecond = 30;
  #time = 0;
  #closed = false;

  constructor(functions: Functions, { layerBytes }: abi.Release) {
    this.#functions = functions;
    this.#layerBytes = layerBytes;
  }

  encode({ frame: given, duration, keyFrame, kbps }: EncodeFrame): Buffer | undefined {
    // Native code would read past the end.
    if (this.#closed || given.bytes.byteLength !== frameBytes(given))
      throw new Error("the frame has not the bytes of its size");
    const frame = encodableFrame(given);
    const now = Math.min(mostFramesPerSecond, clockRate / Math.max(1, duration));
    this.#framesPerSecond += (now - this.#framesPerSecond) * 0.1;
    const native = this.#encoderFor(frame, kbps);
    this.#describe(frame);
    if (keyFrame) native.call(prototypes.key, abi.encoder.forceKeyFrame, true, -1);
    const code = native.call(prototypes.encode, abi.encoder.encode, this.#picture.pointer, this.#info.pointer);
    if (code !== 0) throw new Error(`OpenH264 cannot encode ${frame.width}x${frame.height}: ${code}`);
    this.#time += duration;
    const bytes = this.#encoded();
    return bytes.length === 0 ? undefined : bytes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    this.#memory.free();
  }

  #encoderFor({ width, height }: VideoFrame, kbps: number): NativeObject {
    const open = this.#open;
    if (open?.width !== width || open.height !== height) return this.#openFor(width, height, kbps);
    const { setOption } = abi.encoder;
    if (open.kbps !== kbps) open.native.setOption(setOption, abi.options.bitRate, kbps * 1000);
    open.kbps = kbps;
    if (Math.abs(this.#framesPerSecond - open.framesPerSecond) > open.framesPerSecond * worthChanging) {
      open.framesPerSecond = this.#framesPerSecond;
      open.native.setOption(setOption, abi.options.frameRate, open.framesPerSecond, "Float32");
    }
    return open.native;
  }

  #openFor(width: number, height: number, kbps: number): NativeObject {
    this.#release();
    const native = new NativeObject(this.#functions.createEncoder);
    const framesPerSecond = this.#framesPerSecond;
    // Before it is checked: `close` destroys it.
    this.#open = { native, width, height, kbps, framesPerSecond };
    native.setOption(abi.encoder.setOption, abi.options.encoderLog, 0);
    const { pointer, view } = this.#parameters;
    this.#check(native.call(prototypes.pointer, abi.encoder.defaults, pointer), width, height);
    const { parameters, layer, flags } = abi;
    const at = parameters.layer;
    const values = [
      [parameters.width, width],
      [parameters.height, height],
      [parameters.bitRate, kbps * 1000],
      [parameters.rateControl, abi.bitRateMode],
      [parameters.temporalLayers, 1],
      [parameters.spatialLayers, 1],
      [parameters.complexity, 0],
      // On demand only.
      [parameters.keyFrameDistance, 0],
      [parameters.parameterSetIds, 0],
      [parameters.cabac, 0],
      // One thread: the processor's cores are the model's.
      [parameters.threads, 1],
      [at + layer.width, width],
      [at + layer.height, height],
      [at + layer.bitRate, kbps * 1000],
      [at + layer.mostBitRate, 0],
      [at + layer.profile, abi.baselineProfile],
      [at + layer.sliceMode, 0],
    ] as const;
    for (const [offset, value] of values) view.setInt32(offset, value, littleEndian);
    for (const offset of [parameters.frameRate, at + layer.frameRate])
      view.setFloat32(offset, framesPerSecond, littleEndian);
    view.setUint8(flags.skipFrames, 1);
    // It would make key frames of moving pictures, a few in a second.
    view.setUint8(flags.detectSceneChange, 0);
    this.#check(native.call(prototypes.pointer, abi.encoder.initialize, pointer), width, height);
    return native;
  }

  #check(code: number, width: number, height: number): void {
    if (code === 0) return;
    this.#release();
    throw new Error(`OpenH264 cannot open an encoder of ${width}x${height}: ${code}`);
  }

  /** Points the picture to the frame's own memory, which stays while `encode` is on the stack. */
  #describe({ width, height, bytes }: VideoFrame): void {
    const { view } = this.#picture;
    const { picture } = abi;
    const chroma = chromaSize({ width, height });
    const address = koffi.address(bytes);
    const planeU = width * height;
    const planes = [
      [0, width],
      [planeU, chroma.width],
      [planeU + chroma.width * chroma.height, chroma.width],
    ] as const;
    view.setInt32(picture.format, abi.formatI420, littleEndian);
    view.setInt32(picture.width, width, littleEndian);
    view.setInt32(picture.height, height, littleEndian);
    view.setBigInt64(picture.timestampMs, BigInt(Math.round((this.#time * 1000) / clockRate)), littleEndian);
    for (const [plane, [offset, stride]] of planes.entries()) {
      view.setInt32(picture.strides + 4 * plane, stride, littleEndian);
      view.setBigUint64(picture.planes + 8 * plane, address + BigInt(offset), littleEndian);
    }
  }

  /** Annex B of all layers: the parameter sets, then the picture; empty if the encoder skipped the frame. */
  #encoded(): Buffer {
    const { view } = this.#info;
    const { encodedFrame } = abi;
    const parts: Uint8Array[] = [];
    for (let index = 0; index < view.getInt32(encodedFrame.layers, littleEndian); index++) {
      const at = encodedFrame.firstLayer + index * this.#layerBytes;
      const count = view.getInt32(at + encodedFrame.nalCount, littleEndian);
      const lengths = new Int32Array(
        koffi.view(view.getBigUint64(at + encodedFrame.nalLengths, littleEndian), 4 * count),
      );
      const length = lengths.reduce((sum, each) => sum + each, 0);
      parts.push(new Uint8Array(koffi.view(view.getBigUint64(at + encodedFrame.bytes, littleEndian), length)));
    }
    return Buffer.concat(parts);
  }

  #release(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    open.native.call(prototypes.object, abi.encoder.uninitialize);
    this.#functions.destroyEncoder(open.native.pointer);
  }
}
