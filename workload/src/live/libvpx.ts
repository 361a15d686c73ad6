/**
 * VP8 by the system's libvpx, through koffi. A mistake here ends the process, as may a flaw of libvpx: it runs in media processes only.
 */
import koffi from "koffi";
import { frameBytes, chromaSize, type VideoFrame } from "../core/video-frame.ts";
import { type Decoding, type EncodeFrame, type VideoCodec, type VideoDecoder, type VideoEncoder } from "./codec.ts";
import * as abi from "./libvpx-abi.ts";
import {
  binder,
  littleEndian,
  loadFirst,
  NativeMemory,
  unknownRelease,
  viewOf,
  type Block,
  type Library,
  type Names,
  type Pointer,
} from "./native-library.ts";
import { vp8Header } from "./vp8-payload.ts";

/** @throws {CodecMissing} */
export function openLibvpx(names: Names = abi.sonames): VideoCodec {
  const library = loadFirst("libvpx", names);
  const version = (library.func("const char *vpx_codec_version_str()") as () => string)();
  const encoderAbi = abi.encoderAbiOf(version);
  if (encoderAbi === undefined) {
    throw unknownRelease("libvpx", version, abi.knownReleases);
  }
  const functions = bind(library);
  return {
    name: "VP8",
    version: `libvpx ${version}`,
    openDecoder: (mostPixels) => new Vp8Decoder(functions, mostPixels),
    openEncoder: () => new Vp8Encoder(functions, encoderAbi),
  };
}

function bind(library: Library) {
  const native = binder(library);
  return {
    decoderInterface: native<[], Pointer>("void *vpx_codec_vp8_dx()"),
    encoderInterface: native<[], Pointer>("void *vpx_codec_vp8_cx()"),
    initDecoder: native<[Pointer, Pointer, Pointer, number, number], number>(
      "int vpx_codec_dec_init_ver(void *ctx, void *iface, void *cfg, long flags, int ver)",
    ),
    decode: native<[Pointer, Buffer, number, null, number], number>(
      "int vpx_codec_decode(void *ctx, void *data, unsigned int size, void *priv, long deadline)",
    ),
    nextPicture: native<[Pointer, Pointer], Pointer>("void *vpx_codec_get_frame(void *ctx, void *iter)"),
    defaultConfig: native<[Pointer, Pointer, number], number>(
      "int vpx_codec_enc_config_default(void *iface, void *cfg, unsigned int usage)",
    ),
    initEncoder: native<[Pointer, Pointer, Pointer, number, number], number>(
      "int vpx_codec_enc_init_ver(void *ctx, void *iface, void *cfg, long flags, int ver)",
    ),
    setConfig: native<[Pointer, Pointer], number>("int vpx_codec_enc_config_set(void *ctx, void *cfg)"),
    control: native<[Pointer, number, "int", number], number>("int vpx_codec_control_(void *ctx, int id, ...)"),
    encode: native<[Pointer, Pointer, number, number, number, number], number>(
      "int vpx_codec_encode(void *ctx, void *img, int64_t pts, unsigned long duration, long flags, unsigned long deadline)",
    ),
    nextPacket: native<[Pointer, Pointer], Pointer>("void *vpx_codec_get_cx_data(void *ctx, void *iter)"),
    destroy: native<[Pointer], number>("int vpx_codec_destroy(void *ctx)"),
    errorText: native<[number], string>("const char *vpx_codec_err_to_string(int err)"),
  };
}

type Functions = ReturnType<typeof bind>;

class Vp8Decoder implements VideoDecoder {
  readonly #functions: Functions;
  readonly #mostPixels: number;
  readonly #memory = new NativeMemory();
  readonly #context: Block;
  readonly #iterator: Block;
  #open = true;

  constructor(functions: Functions, mostPixels: number) {
    this.#functions = functions;
    this.#mostPixels = mostPixels;
    this.#context = this.#memory.take(abi.bytesOf.context);
    this.#iterator = this.#memory.take(abi.bytesOf.iterator);
    const config = this.#memory.take(abi.bytesOf.decoderConfig);
    // One thread: the processor's cores are the model's.
    config.view.setUint32(0, 1, littleEndian);
    const code = functions.initDecoder(
      this.#context.pointer,
      functions.decoderInterface(),
      config.pointer,
      0,
      abi.decoderAbi,
    );
    if (code !== 0) throw new Error(`libvpx cannot open a decoder: ${functions.errorText(code)}`);
  }

  decode(bytes: Buffer): Decoding {
    const header = vp8Header(bytes);
    if (!this.#open || header === undefined) return { kind: "damaged", message: "not a frame of VP8" };
    if (header.key) {
      const { width, height } = header.size;
      // The decoder allocates what the header declares, a gigabyte for the largest size.
      if (width * height > this.#mostPixels || width * height === 0) {
        return { kind: "damaged", message: `the frame is ${width}x${height}, limit ${this.#mostPixels} pixels` };
      }
    }
    const code = this.#functions.decode(this.#context.pointer, bytes, bytes.length, null, 0);
    if (code !== 0) return { kind: "damaged", message: this.#functions.errorText(code) };
    this.#iterator.view.setBigUint64(0, 0n, littleEndian);
    const picture = this.#functions.nextPicture(this.#context.pointer, this.#iterator.pointer);
    return picture === null ? { kind: "nothing" } : { kind: "frame", frame: copyOf(picture) };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#functions.destroy(this.#context.pointer);
    this.#memory.free();
  }
}

/** The decoder's picture lies in memory with borders, and only until the next call. */
function copyOf(picture: Pointer): VideoFrame {
  const view = viewOf(picture, abi.image.bitsPerSample);
  if (view.getUint32(abi.image.format, littleEndian) !== abi.imageFormatI420)
    throw new Error("libvpx returned no I420");
  const width = view.getUint32(abi.image.shownWidth, littleEndian);
  const height = view.getUint32(abi.image.shownHeight, littleEndian);
  const chroma = chromaSize({ width, height });
  const bytes = new Uint8Array(frameBytes({ width, height }));
  let to = 0;
  for (const [plane, size] of [{ width, height }, chroma, chroma].entries()) {
    const stride = view.getInt32(abi.image.strides + 4 * plane, littleEndian);
    const address = view.getBigUint64(abi.image.planes + 8 * plane, littleEndian);
    const rows = new Uint8Array(koffi.view(address, stride * (size.height - 1) + size.width));
    for (let row = 0; row < size.height; row++, to += size.width) {
      bytes.set(rows.subarray(row * stride, row * stride + size.width), to);
    }
  }
  return { width, height, bytes };
}

/** The fastest that still looks acceptable; 640x480 takes 2.3 ms (docs/adr/0016). */
const speed = -8;

class Vp8Encoder implements VideoEncoder {
  readonly #functions: Functions;
  readonly #encoderAbi: number;
  readonly #memory = new NativeMemory();
  readonly #context = this.#memory.take(abi.bytesOf.context);
  readonly #iterator = this.#memory.take(abi.bytesOf.iterator);
  readonly #config = this.#memory.take(abi.bytesOf.encoderConfig);
  readonly #image = this.#memory.take(abi.bytesOf.image);
  #opened: { readonly width: number; readonly height: number; kbps: number } | undefined;
  #time = 0;
  #closed = false;

  constructor(functions: Functions, encoderAbi: number) {
    this.#functions = functions;
    this.#encoderAbi = encoderAbi;
  }

  encode({ frame, duration, keyFrame, kbps }: EncodeFrame): Buffer | undefined {
    const { width, height, bytes } = frame;
    // Native code would read past the end.
    if (this.#closed || bytes.byteLength !== frameBytes(frame))
      throw new Error("the frame has not the bytes of its size");
    // VP8's encoder cannot grow beyond its first size.
    if (this.#opened?.width !== width || this.#opened.height !== height) this.#openFor(width, height, kbps);
    else if (this.#opened.kbps !== kbps) this.#changeBitRate(kbps);
    this.#describe(frame);
    const flags = keyFrame ? abi.forceKeyFrame : 0;
    const { encode, nextPacket } = this.#functions;
    const code = encode(this.#context.pointer, this.#image.pointer, this.#time, duration, flags, abi.realtimeDeadline);
    this.#check(code, "encode");
    this.#time += duration;
    this.#iterator.view.setBigUint64(0, 0n, littleEndian);
    for (let next = nextPacket(this.#context.pointer, this.#iterator.pointer); next !== null;) {
      const view = viewOf(next, abi.packet.length + 8);
      if (view.getUint32(abi.packet.kind, littleEndian) === abi.packetKindFrame) {
        const address = view.getBigUint64(abi.packet.buffer, littleEndian);
        const length = Number(view.getBigUint64(abi.packet.length, littleEndian));
        return Buffer.from(new Uint8Array(koffi.view(address, length)));
      }
      next = nextPacket(this.#context.pointer, this.#iterator.pointer);
    }
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    this.#memory.free();
  }

  #openFor(width: number, height: number, kbps: number): void {
    this.#release();
    const iface = this.#functions.encoderInterface();
    this.#check(this.#functions.defaultConfig(iface, this.#config.pointer, 0), "configure");
    this.#set({
      threads: 1,
      width,
      height,
      timebaseNumerator: 1,
      timebaseDenominator: 90_000,
      errorResilient: 0,
      lagInFrames: 0,
      dropFrameThreshold: 0,
      resizeAllowed: 0,
      endUsage: abi.constantBitRate,
      kbps,
      minQuantizer: 4,
      maxQuantizer: 56,
      undershootPercent: 100,
      overshootPercent: 15,
      bufferMs: 1000,
      bufferInitialMs: 500,
      bufferOptimalMs: 600,
      keyFrameMode: 0,
      keyFrameMinDistance: 0,
      keyFrameMaxDistance: 3000,
    });
    const { initEncoder } = this.#functions;
    this.#check(initEncoder(this.#context.pointer, iface, this.#config.pointer, 0, this.#encoderAbi), "open");
    this.#opened = { width, height, kbps };
    const { cpuUsed, noiseSensitivity, staticThreshold, maxIntraPercent } = abi.controls;
    for (const [control, value] of [
      [cpuUsed, speed],
      [noiseSensitivity, 0],
      [staticThreshold, 1],
      [maxIntraPercent, 300],
    ] as const) {
      this.#check(this.#functions.control(this.#context.pointer, control, "int", value), "set up");
    }
  }

  #changeBitRate(kbps: number): void {
    this.#set({ kbps });
    this.#check(this.#functions.setConfig(this.#context.pointer, this.#config.pointer), "change the bit rate of");
    if (this.#opened !== undefined) this.#opened.kbps = kbps;
  }

  #set(values: Partial<Record<keyof typeof abi.encoderConfig, number>>): void {
    for (const [name, value] of Object.entries(values) as [keyof typeof abi.encoderConfig, number][]) {
      this.#config.view.setUint32(abi.encoderConfig[name], value, littleEndian);
    }
  }

  /** Points the image to the frame's own memory, which stays while `encode` is on the stack. */
  #describe({ width, height, bytes }: VideoFrame): void {
    const { view } = this.#image;
    const { image } = abi;
    const values = [
      [image.format, abi.imageFormatI420],
      [image.width, width],
      [image.height, height],
      [image.bitDepth, 8],
      [image.shownWidth, width],
      [image.shownHeight, height],
      [image.chromaShiftX, 1],
      [image.chromaShiftY, 1],
      [image.bitsPerSample, 12],
    ] as const;
    for (const [at, value] of values) view.setUint32(at, value, littleEndian);
    const chroma = chromaSize({ width, height });
    const address = koffi.address(bytes);
    const planeU = width * height;
    const planes = [
      [0, width],
      [planeU, chroma.width],
      [planeU + chroma.width * chroma.height, chroma.width],
    ] as const;
    for (const [plane, [offset, stride]] of planes.entries()) {
      view.setBigUint64(image.planes + 8 * plane, address + BigInt(offset), littleEndian);
      view.setInt32(image.strides + 4 * plane, stride, littleEndian);
    }
  }

  #release(): void {
    if (this.#opened === undefined) return;
    this.#opened = undefined;
    this.#functions.destroy(this.#context.pointer);
  }

  #check(code: number, what: string): void {
    if (code !== 0) throw new Error(`libvpx cannot ${what} an encoder: ${this.#functions.errorText(code)}`);
  }
}
