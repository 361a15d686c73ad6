/** Tensors in the terms of the Open Inference Protocol. Pure. */
import { HttpProblem } from "../problem.ts";

export function badRequest(message: string): HttpProblem {
  return new HttpProblem("infer-request", message);
}

/** A shape as messages show it. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An input or output of a model; -1 stands for any length. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** Bytes of an element. Not BYTES, whose elements vary in length, nor BF16, which onnxruntime-node lacks. */
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
  FP16: 2,
  FP32: 4,
  FP64: 8,
} as const;

/** What an input may have: a model of pictures takes numbers. */
export type InputDatatype = keyof typeof datatypeBytes;

export type Datatype = InputDatatype | "BYTES";

export function isInputDatatype(text: unknown): text is InputDatatype {
  return typeof text === "string" && Object.hasOwn(datatypeBytes, text);
}

/** @throws {HttpProblem} 400 if the number is not a safe integer */
export function elementCount(name: string, shape: readonly number[]): number {
  const count = shape.reduce((product, length) => product * length, 1);
  if (!Number.isSafeInteger(count)) throw badRequest(`input "${name}": shape ${shapeText(shape)} is too large`);
  return count;
}

/** @throws {HttpProblem} 400 for an input that does not match the model */
export function checkInputs(inputs: readonly Tensor[], specs: readonly TensorSpec[]): void {
  checkNames("input", inputs, specs);
  for (const spec of specs) {
    const [input, ...more] = inputs.filter(({ name }) => name === spec.name);
    if (input === undefined) throw badRequest(`input "${spec.name}" is missing`);
    if (more.length > 0) throw badRequest(`input "${spec.name}" is given ${more.length + 1} times`);
    checkInput(input, spec);
  }
}

/** @throws {HttpProblem} 400 for a name that the model does not have */
export function checkNames(
  kind: "input" | "output",
  tensors: readonly { readonly name: string }[],
  specs: readonly TensorSpec[],
): void {
  const unknown = tensors.find(({ name }) => !specs.some((spec) => spec.name === name));
  if (unknown === undefined) return;
  throw badRequest(`no ${kind} "${unknown.name}"; the model has ${specs.map(({ name }) => `"${name}"`).join(", ")}`);
}

function checkInput({ name, datatype, shape }: Tensor, spec: TensorSpec): void {
  if (datatype !== spec.datatype)
    throw badRequest(`input "${name}" is ${datatype}, the model requires ${spec.datatype}`);
  const fits =
    shape.length === spec.shape.length &&
    shape.every((length, axis) => length > 0 && (spec.shape[axis] === -1 || spec.shape[axis] === length));
  if (!fits) {
    const message = `has shape ${shapeText(shape)}, the model requires ${shapeText(spec.shape)} (-1: any length from 1)`;
    throw badRequest(`input "${name}" ${message}`);
  }
}
