/** Whether a model takes a picture and answers one, and how it wants it. Pure. */
import type { ModelDescription, TensorDeclaration } from "../work/tensor.ts";

/** How a tensor holds pictures; float32 is from 0 to 1. */
export interface PictureLayout {
  readonly type: "uint8" | "float32";
  readonly order: "NHWC" | "NCHW";
  /** 1 or, undefined, any. */
  readonly batch: 1 | undefined;
  /** Undefined: any. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

export interface PictureModel {
  readonly input: PictureLayout & { readonly name: string };
  readonly output: PictureLayout & { readonly name: string };
}

export class ModelDoesNotFit extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ModelDoesNotFit";
  }
}

const expected =
  "expected uint8 or float32 of shape [batch, height, width, 3] or [batch, 3, height, width], sizes fixed or free";

/** @throws {ModelDoesNotFit} that names the tensor and what was expected of it. */
export function pictureModel({ inputs, outputs }: Pick<ModelDescription, "inputs" | "outputs">): PictureModel {
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || inputs.length > 1)
    throw new ModelDoesNotFit(`${inputs.length} inputs (${names(inputs)}): expected one`);
  if (output === undefined) throw new ModelDoesNotFit("no output: expected at least one");
  return {
    input: { name: input.name, ...layout("input", input) },
    output: { name: output.name, ...layout("output", output) },
  };
}

function layout(side: string, { name, type, shape }: TensorDeclaration): PictureLayout {
  const is = `${side} ${name} is ${type} of shape [${shape.join(", ")}]`;
  if ((type !== "uint8" && type !== "float32") || shape.length !== 4) throw new ModelDoesNotFit(`${is}: ${expected}`);
  const [size, second, third, fourth] = shape.map((size) => (typeof size === "number" && size > 0 ? size : undefined));
  if (size !== undefined && size !== 1) throw new ModelDoesNotFit(`${is}: expected a batch of 1, or a free one`);
  const batch = size;
  if (fourth === 3) return { type, order: "NHWC", batch, height: second, width: third };
  if (second === 3) return { type, order: "NCHW", batch, height: third, width: fourth };
  throw new ModelDoesNotFit(`${is}: ${expected}`);
}

function names(tensors: readonly TensorDeclaration[]): string {
  return tensors.map(({ name }) => name).join(", ");
}

/** How many pictures may go in at once. */
export function largestBatch({ input }: PictureModel, wanted: number): number {
  return input.batch ?? wanted;
}
