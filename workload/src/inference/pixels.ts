/** Converts between bytes, 0 to 255, and the numbers of a model's tensors. Pure. */
import type { PictureTensor, PixelRange } from "../work/model-contract.ts";

export type PixelFormat = Pick<PictureTensor, "type" | "layout" | "channels" | "range">;

/** Elements of a picture's tensor; of float16, the bits of each number. */
export type Elements = Uint8Array | Float32Array | Uint16Array;

const bounds: Readonly<Record<PixelRange, readonly [black: number, white: number]>> = {
  "0-1": [0, 1],
  "0-255": [0, 255],
  "-1-1": [-1, 1],
};

export function channelCount({ channels }: Pick<PixelFormat, "channels">): 1 | 3 {
  return channels === "Luma" ? 1 : 3;
}

/**
 * Returns the tensor of `count` pictures that lie one after another, interleaved; `pixels` itself if that is the model's
 * format.
 */
export function toTensor(pixels: Uint8Array, count: number, format: PixelFormat): Elements {
  if (format.type === "uint8" && isInterleaved(format)) return pixels;
  const table = tables.to(format);
  const result = elementsOf(format.type, pixels.length);
  if (isInterleaved(format)) {
    for (let index = 0; index < pixels.length; index++) result[index] = table[pixels[index] ?? 0] ?? 0;
    return result;
  }
  eachChannel(pixels.length, count, format, (inPixels, inTensor, step, length) => {
    for (let index = 0; index < length; index++) {
      result[inTensor + index * step] = table[pixels[inPixels + index * 3] ?? 0] ?? 0;
    }
  });
  return result;
}

/** The reverse, rounded and clamped to 0 to 255; `target` is as long as `elements`. */
export function fromTensor(target: Uint8Array, elements: Elements, count: number, format: PixelFormat): void {
  // Rounds and clamps what is assigned.
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, target.byteLength);
  const [black, white] = format.type === "uint8" ? bounds["0-255"] : bounds[format.range];
  const [factor, offset] = [255 / (white - black), (-black * 255) / (white - black)];
  const halves = format.type === "float16" ? tables.fromHalf(format.range) : undefined;
  const byte =
    halves === undefined
      ? (at: number): number => (elements[at] ?? 0) * factor + offset
      : (at: number): number => halves[elements[at] ?? 0] ?? 0;
  if (isInterleaved(format)) {
    for (let index = 0; index < elements.length; index++) clamped[index] = byte(index);
    return;
  }
  eachChannel(elements.length, count, format, (inPixels, inTensor, step, length) => {
    for (let index = 0; index < length; index++) clamped[inPixels + index * 3] = byte(inTensor + index * step);
  });
}

/** Whether the tensor has its numbers in the order of the pixels' bytes. */
function isInterleaved({ layout, channels }: PixelFormat): boolean {
  return channels === "Luma" || (layout === "NHWC" && channels === "RGB");
}

type OneChannel = (inPixels: number, inTensor: number, step: number, length: number) => void;

/** Where each of the three channels of each picture begins, and how far apart its numbers are in the tensor. */
function eachChannel(total: number, count: number, { layout, channels }: PixelFormat, visit: OneChannel): void {
  const each = total / count;
  const plane = each / 3;
  for (let base = 0; base < total; base += each) {
    for (let channel = 0; channel < 3; channel++) {
      const place = channels === "BGR" ? 2 - channel : channel;
      if (layout === "NHWC") visit(base + channel, base + place, 3, plane);
      else visit(base + channel, base + place * plane, 1, plane);
    }
  }
}

function elementsOf(type: PixelFormat["type"], length: number): Elements {
  if (type === "uint8") return new Uint8Array(length);
  return type === "float32" ? new Float32Array(length) : new Uint16Array(length);
}

/** A byte has 256 values, and float16 has 65,536: looking a number up costs less than computing it. */
const tables = {
  to({ type, range }: PixelFormat): Elements {
    return cached(`to ${type} ${range}`, () => {
      const [black, white] = bounds[range];
      const numbers = Float32Array.from({ length: 256 }, (_, byte) => black + (byte * (white - black)) / 255);
      if (type === "float32") return numbers;
      if (type === "uint8") return Uint8Array.from({ length: 256 }, (_, byte) => byte);
      return new Uint16Array(Float16Array.from(numbers).buffer);
    });
  },
  fromHalf(range: PixelRange): Elements {
    return cached(`from float16 ${range}`, () => {
      const [black, white] = bounds[range];
      const numbers = new Float16Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer);
      const bytes = Uint8ClampedArray.from(numbers, (number) => ((number - black) * 255) / (white - black));
      return new Uint8Array(bytes.buffer);
    });
  },
};

const known = new Map<string, Elements>();

function cached(key: string, compute: () => Elements): Elements {
  const table = known.get(key) ?? compute();
  known.set(key, table);
  return table;
}
