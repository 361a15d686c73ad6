/** Tensors as the Open Inference Protocol names them. Pure. */
import { HttpProblem } from "../problem.ts";

export function badRequest(message: string): HttpProblem {
  return new HttpProblem("infer-request", message);
}

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Little-endian, row by row. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An input or output of a model; -1 is a dimension that may have any length. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/**
 * Bytes of an element. Not BYTES, whose elements have lengths of their own and which is nothing that pictures come in, nor
 * FP16 and BF16, which onnxruntime-node does not take.
 */
export const datatypeBytes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP32: 4,
  FP64: 8,
} as const;

export type Datatype = keyof typeof datatypeBytes;

export function isDatatype(text: unknown): text is Datatype {
  return typeof text === "string" && Object.hasOwn(datatypeBytes, text);
}

/** Throws a 400 for a shape whose size cannot be told. */
export function elementCount(name: string, shape: readonly number[]): number {
  const count = shape.reduce((product, length) => product * length, 1);
  if (!Number.isSafeInteger(count)) throw badRequest(`input "${name}": shape [${shape.join(",")}] is too large`);
  return count;
}

/** Throws a 400 that names the tensor and what the model wants of it. */
export function checkInputs(inputs: readonly Tensor[], specs: readonly TensorSpec[]): void {
  for (const { name } of inputs) {
    if (!specs.some((spec) => spec.name === name)) {
      throw badRequest(
        `there is no input "${name}"; the model has ${specs.map((spec) => `"${spec.name}"`).join(", ")}`,
      );
    }
  }
  for (const spec of specs) {
    const [input, ...more] = inputs.filter(({ name }) => name === spec.name);
    if (input === undefined) throw badRequest(`input "${spec.name}" is missing`);
    if (more.length > 0) throw badRequest(`input "${spec.name}" is there ${more.length + 1} times`);
    checkInput(input, spec);
  }
}

function checkInput({ name, datatype, shape }: Tensor, spec: TensorSpec): void {
  if (datatype !== spec.datatype) throw badRequest(`input "${name}" is ${datatype}, the model wants ${spec.datatype}`);
  const fits =
    shape.length === spec.shape.length &&
    shape.every((length, axis) => length > 0 && (spec.shape[axis] === -1 || spec.shape[axis] === length));
  if (!fits) {
    const wanted = `[${spec.shape.join(",")}]`;
    throw badRequest(`input "${name}" has shape [${shape.join(",")}], the model wants ${wanted} (-1: any from 1)`);
  }
}
