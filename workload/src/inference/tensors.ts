/** Converts between bytes and onnxruntime's tensors. */
import type { ElementType, RawTensor } from "../core/tensor.ts";
import { ort } from "./onnxruntime.ts";
import type { Tensor } from "./session.ts";

/** The types whose elements all have the same length. */
type FixedLengthType = Exclude<ElementType, "string">;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Record<FixedLengthType, unknown>;

/** `elements` are those of `type`; of float16, the bits of each number. */
export function tensor(type: FixedLengthType, elements: NodeJS.TypedArray, dims: readonly number[]): Tensor {
  const result = new ort.Tensor(type, elements as never, dims);
  // onnxruntime-node 1.30 returns float16 as Float16Array, but cannot read one: "not enough space: expected 24, got 0". It reads
  // what `data` returns, and takes the bits as Uint16Array (findings/models.sh).
  if (type === "float16") Object.defineProperty(result, "data", { value: elements });
  return result;
}

export function fromRaw({ type, shape, bytes }: RawTensor): Tensor {
  if (type === "string") throw new Error("no picture model takes strings");
  const Elements = arrays[type];
  // Typed arrays must start aligned, which a slice of a request rarely does.
  const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  const elements = new Elements(aligned.buffer, aligned.byteOffset, aligned.byteLength / Elements.BYTES_PER_ELEMENT);
  return tensor(type, elements, shape);
}

export function toRaw(name: string, value: Tensor): RawTensor {
  const type = value.type as ElementType;
  return { name, type, shape: value.dims, bytes: type === "string" ? bytesOf(value.data as string[]) : bits(value) };
}

/** The memory of a tensor without strings. */
function bits(value: Tensor): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = value.data as Uint8Array<ArrayBuffer>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function bytesOf(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = texts.map((text) => Buffer.from(text));
  const bytes = Buffer.allocUnsafeSlow(encoded.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const text of encoded) {
    at = bytes.writeUInt32LE(text.length, at);
    at += text.copy(bytes, at);
  }
  return new Uint8Array(bytes.buffer);
}
