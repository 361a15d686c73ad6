/** Checks that a model turns a picture into a picture, and describes the tensor layouts of both. Pure. */
import type { ModelDescription, TensorDeclaration } from "../work/tensor.ts";

/** How a tensor holds pictures; float32 values are from 0 to 1. */
export interface PictureLayout {
  readonly type: "uint8" | "float32";
  readonly order: "NHWC" | "NCHW";
  /** Undefined: any. */
  readonly batch: 1 | undefined;
  /** Undefined: any. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

export interface PictureModel {
  readonly input: PictureLayout & { readonly name: string };
  readonly output: PictureLayout & { readonly name: string };
}

export class ModelMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ModelMismatch";
  }
}

const expected =
  "expected uint8 or float32 of shape [batch, height, width, 3] or [batch, 3, height, width], dimensions fixed or dynamic";

/** @throws {ModelMismatch} whose message names the tensor and what was expected. */
export function pictureModel({ inputs, outputs }: Pick<ModelDescription, "inputs" | "outputs">): PictureModel {
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || inputs.length > 1)
    throw new ModelMismatch(`${inputs.length} inputs (${names(inputs)}): expected one`);
  if (output === undefined) throw new ModelMismatch("no output: expected at least one");
  return {
    input: { name: input.name, ...layout("input", input) },
    output: { name: output.name, ...layout("output", output) },
  };
}

function layout(side: string, { name, type, shape }: TensorDeclaration): PictureLayout {
  const actual = `${side} ${name} is ${type} of shape [${shape.join(", ")}]`;
  if ((type !== "uint8" && type !== "float32") || shape.length !== 4) throw new ModelMismatch(`${actual}: ${expected}`);
  const [batch, second, third, fourth] = shape.map((size) => (typeof size === "number" && size > 0 ? size : undefined));
  if (batch !== undefined && batch !== 1)
    throw new ModelMismatch(`${actual}: expected a batch size of 1 or a dynamic one`);
  if (fourth === 3) return { type, order: "NHWC", batch, height: second, width: third };
  if (second === 3) return { type, order: "NCHW", batch, height: third, width: fourth };
  throw new ModelMismatch(`${actual}: ${expected}`);
}

function names(tensors: readonly TensorDeclaration[]): string {
  return tensors.map(({ name }) => name).join(", ");
}

/** Returns how many pictures the model accepts at once, at most `limit`. */
export function largestBatch({ input }: PictureModel, limit: number): number {
  return input.batch ?? limit;
}
