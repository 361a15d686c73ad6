/** Converts between bytes, 0 to 255, and the numbers of a model's tensors. Pure. */
import type { PictureTensor, PixelRange } from "../core/model-contract.ts";

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
  if (isPixels(format)) return pixels;
  const result = elementsOf(format.type, pixels.length);
  const table = tables.to(format);
  for (const { inPixels, inTensor, pixelStep, tensorStep, length } of runsOf(pixels.length, count, format)) {
    for (let index = 0, from = inPixels, to = inTensor; index < length; index++) {
      result[to] = table[pixels[from] ?? 0] ?? 0;
      from += pixelStep;
      to += tensorStep;
    }
  }
  return result;
}

/** The reverse, rounded and clamped to 0 to 255; `target` is as long as `elements`. */
export function fromTensor(target: Uint8Array, elements: Elements, count: number, format: PixelFormat): void {
  const runs = runsOf(elements.length, count, format);
  // One loop for each type: V8 takes several times as long for a loop that has seen arrays of several types.
  if (elements instanceof Float32Array) {
    const [black, white] = bounds[format.range];
    const factor = 255 / (white - black);
    for (const run of runs) fromFloats(target, elements, run, factor, -black * factor);
  } else if (elements instanceof Uint16Array) {
    for (const run of runs) fromHalves(target, elements, run, tables.fromHalf(format.range));
  } else {
    for (const run of runs) fromBytes(target, elements, run);
  }
}

/** Numbers of one channel, evenly spaced in the pixels and in the tensor. */
interface Run {
  readonly inPixels: number;
  readonly inTensor: number;
  readonly pixelStep: number;
  readonly tensorStep: number;
  readonly length: number;
}

function fromFloats(target: Uint8Array, elements: Float32Array, run: Run, factor: number, offset: number): void {
  const { length, pixelStep, tensorStep } = run;
  for (let index = 0, from = run.inTensor, to = run.inPixels; index < length; index++) {
    const value = (elements[from] ?? 0) * factor + offset;
    // What is not a number becomes 0.
    target[to] = value >= 255 ? 255 : value > 0 ? Math.trunc(value + 0.5) : 0;
    from += tensorStep;
    to += pixelStep;
  }
}

function fromHalves(target: Uint8Array, elements: Uint16Array, run: Run, table: Uint8Array): void {
  const { length, pixelStep, tensorStep } = run;
  for (let index = 0, from = run.inTensor, to = run.inPixels; index < length; index++) {
    target[to] = table[elements[from] ?? 0] ?? 0;
    from += tensorStep;
    to += pixelStep;
  }
}

function fromBytes(target: Uint8Array, elements: Uint8Array, run: Run): void {
  const { length, pixelStep, tensorStep } = run;
  for (let index = 0, from = run.inTensor, to = run.inPixels; index < length; index++) {
    target[to] = elements[from] ?? 0;
    from += tensorStep;
    to += pixelStep;
  }
}

/** Whether the tensor is the pixels themselves, so that nothing is converted. */
export function isPixels(format: PixelFormat): boolean {
  return format.type === "uint8" && isInterleaved(format);
}

/** Whether the tensor has its numbers in the order of the pixels' bytes. */
function isInterleaved({ layout, channels }: PixelFormat): boolean {
  return channels === "Luma" || (layout === "NHWC" && channels === "RGB");
}

function runsOf(total: number, count: number, format: PixelFormat): readonly Run[] {
  if (isInterleaved(format)) return [{ inPixels: 0, inTensor: 0, pixelStep: 1, tensorStep: 1, length: total }];
  const { layout, channels } = format;
  const each = total / count;
  const length = each / 3;
  return Array.from({ length: count * 3 }, (_, index) => {
    const base = Math.floor(index / 3) * each;
    const channel = index % 3;
    const place = channels === "BGR" ? 2 - channel : channel;
    const inPixels = base + channel;
    if (layout === "NHWC") return { inPixels, inTensor: base + place, pixelStep: 3, tensorStep: 3, length };
    return { inPixels, inTensor: base + place * length, pixelStep: 3, tensorStep: 1, length };
  });
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
  fromHalf(range: PixelRange): Uint8Array {
    return cached(`from float16 ${range}`, () => {
      const [black, white] = bounds[range];
      const numbers = new Float16Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer);
      const bytes = Uint8ClampedArray.from(numbers, (number) => ((number - black) * 255) / (white - black));
      return new Uint8Array(bytes.buffer);
    });
  },
};

const known = new Map<string, Elements>();

function cached<Table extends Elements>(key: string, compute: () => Table): Table {
  const table = (known.get(key) as Table | undefined) ?? compute();
  known.set(key, table);
  return table;
}
