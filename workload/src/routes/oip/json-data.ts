/** Converts tensor data between bytes and JSON, whose numbers are flat or nested according to the shape. Pure. */
import { badRequest, type Datatype, datatypeBytes, type InputDatatype, elementCount, shapeText } from "./tensor.ts";

type Numbers =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

type NumberDatatype = Exclude<InputDatatype, "BOOL" | "INT64" | "UINT64">;

const views: Readonly<Record<NumberDatatype, (buffer: ArrayBuffer) => Numbers>> = {
  UINT8: (buffer) => new Uint8Array(buffer),
  UINT16: (buffer) => new Uint16Array(buffer),
  UINT32: (buffer) => new Uint32Array(buffer),
  INT8: (buffer) => new Int8Array(buffer),
  INT16: (buffer) => new Int16Array(buffer),
  INT32: (buffer) => new Int32Array(buffer),
  FP16: (buffer) => new Float16Array(buffer),
  FP32: (buffer) => new Float32Array(buffer),
  FP64: (buffer) => new Float64Array(buffer),
};

/** @throws {HttpProblem} 400 */
export function bytesOfJson(
  name: string,
  datatype: InputDatatype,
  shape: readonly number[],
  data: unknown,
): Uint8Array<ArrayBuffer> {
  if (!Array.isArray(data)) throw badRequest(`input "${name}": data must be a list`);
  const values = flatten(name, data, shape);
  if (datatype === "BOOL") return booleans(name, values);
  if (datatype === "INT64" || datatype === "UINT64") return bigIntegers(name, datatype, values);
  const view = views[datatype](new ArrayBuffer(values.length * datatypeBytes[datatype]));
  const isFloat = datatype.startsWith("FP");
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== "number") throw wrongValue(name, datatype, index);
    view[index] = value;
    // A value that changed when it was stored did not fit: 256 as UINT8, or 0.5.
    if (!isFloat && view[index] !== value) throw wrongValue(name, datatype, index);
  }
  return new Uint8Array(view.buffer);
}

/** Returns a flat list. */
export function jsonOfBytes(datatype: Datatype, bytes: Uint8Array): readonly (number | boolean | string)[] {
  if (datatype === "BYTES") return [...texts(bytes)];
  // A copy, because the bytes may not be aligned to their elements.
  const { buffer } = Uint8Array.from(bytes);
  if (datatype === "BOOL") return Array.from(new Uint8Array(buffer), (byte) => byte !== 0);
  // Most JSON parsers, like ours, have no integers beyond 2^53.
  if (datatype === "INT64") return Array.from(new BigInt64Array(buffer), Number);
  if (datatype === "UINT64") return Array.from(new BigUint64Array(buffer), Number);
  return Array.from(views[datatype](buffer));
}

function flatten(name: string, data: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  const count = elementCount(name, shape);
  let values = data;
  // At most as deep as the shape, and without recursion: a list nested a million times must not crash the process.
  for (let depth = 1; depth < shape.length && values.some(Array.isArray); depth++) {
    if (!values.every(Array.isArray)) throw badRequest(`input "${name}": data mixes lists and numbers`);
    const length = shape[depth];
    if (depth === 1 && values.length !== shape[0]) throw wrongCount(name, shape, values.length);
    if (values.some((row: readonly unknown[]) => row.length !== length)) throw wrongNesting(name, shape);
    values = values.flat();
  }
  if (values.length !== count) throw wrongCount(name, shape, values.length);
  return values;
}

function booleans(name: string, values: readonly unknown[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values, (value, index) => {
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    throw wrongValue(name, "BOOL", index);
  });
}

function bigIntegers(name: string, datatype: "INT64" | "UINT64", values: readonly unknown[]): Uint8Array<ArrayBuffer> {
  const view = datatype === "INT64" ? new BigInt64Array(values.length) : new BigUint64Array(values.length);
  for (const [index, value] of values.entries()) {
    // A larger number has already lost its last digits in JSON.parse.
    if (!Number.isSafeInteger(value) || (datatype === "UINT64" && Number(value) < 0)) {
      throw wrongValue(name, datatype, index);
    }
    view[index] = BigInt(value as number);
  }
  return new Uint8Array(view.buffer);
}

function wrongValue(name: string, datatype: Datatype, index: number): Error {
  return badRequest(`input "${name}": element ${index} of data is not a valid ${datatype}`);
}

function wrongCount(name: string, shape: readonly number[], count: number): Error {
  return badRequest(
    `input "${name}": data has ${count} elements, shape ${shapeText(shape)} requires ${elementCount(name, shape)}`,
  );
}

function wrongNesting(name: string, shape: readonly number[]): Error {
  return badRequest(`input "${name}": the lists in data do not match shape ${shapeText(shape)}`);
}

/** Each is its length in four little-endian bytes, then its UTF-8. */
function* texts(bytes: Uint8Array): Generator<string> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < view.length;) {
    const from = at + 4;
    const to = from + view.readUInt32LE(at);
    yield view.toString("utf8", from, to);
    at = to;
  }
}
