/**
 * Reads a model's declaration: which tensor takes the picture, and in which layouts it may do so. What the declaration leaves
 * open, trial runs decide (`learn-contract.ts`). Pure.
 */
import { layouts, type ModelOptions, type PictureTensor, type TensorLayout } from "../core/model-contract.ts";
import type { Size } from "../core/picture.ts";
import type { ModelDescription, TensorDeclaration } from "../core/tensor.ts";

export class ModelMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ModelMismatch";
  }
}

/** A way to pass a picture to the model that fits its declaration. */
export interface InputCandidate {
  readonly input: PictureTensor;
  readonly fixed: { readonly width: number | undefined; readonly height: number | undefined };
  /** Whether the declaration allows more than one picture. */
  readonly batches: boolean;
}

/** An output that may hold the result. */
export type OutputCandidate = Pick<PictureTensor, "name" | "type" | "range">;

export interface Candidates {
  /** The most likely first; at least one. */
  readonly inputs: readonly InputCandidate[];
  /** In the model's order; at least one. */
  readonly outputs: readonly OutputCandidate[];
}

type Declarations = Pick<ModelDescription, "inputs" | "outputs">;
type Settings = Pick<ModelOptions, "layout" | "range" | "outputRange" | "channels">;

const types = ["uint8", "float32", "float16"] as const;

/** A shorter axis of fixed length has channels: RGBA, and not four columns. */
const smallestSide = 5;

const expected =
  "expected uint8, float32 or float16 of shape [batch, height, width, channels] or [batch, channels, height, width] with 3 or 1 channels, dimensions fixed or dynamic";

/** @throws {ModelMismatch} whose message names the tensor and what was expected */
export function candidatesOf({ inputs, outputs }: Declarations, settings: Settings): Candidates {
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || inputs.length > 1)
    throw new ModelMismatch(`${inputs.length} inputs (${inputs.map(({ name }) => name).join(", ")}): expected one`);
  if (output === undefined) throw new ModelMismatch("no output: expected at least one");
  const candidates = inputCandidates(input, settings);
  const { range = "0-1", outputRange = range } = settings;
  const results = outputs.flatMap(({ name, type, shape }): OutputCandidate[] =>
    isPictureType(type) && (shape.length === 4 || shape.length === 0)
      ? [{ name, type, range: type === "uint8" ? "0-255" : outputRange }]
      : [],
  );
  if (results.length === 0) throw new ModelMismatch(`${described("output", output)}: ${expected}`);
  return { inputs: candidates, outputs: results };
}

function inputCandidates(declaration: TensorDeclaration, settings: Settings): InputCandidate[] {
  const { name, type, shape } = declaration;
  const actual = described("input", declaration);
  // An exporter that writes no shape leaves all of it open.
  const axes = shape.length === 0 ? ["", "", "", ""] : shape;
  if (!isPictureType(type) || axes.length !== 4) throw new ModelMismatch(`${actual}: ${expected}`);
  const lengths = axes.map((length) => (typeof length === "number" && length > 0 ? length : undefined));
  const [batch] = lengths;
  if (batch !== undefined && batch !== 1)
    throw new ModelMismatch(`${actual}: expected a batch size of 1 or a dynamic one`);
  const { range = "0-1", channels } = settings;
  const allowed = layouts.filter((layout) => settings.layout === undefined || layout === settings.layout);
  const fitting = allowed
    .filter((layout) => sidesOf(lengths, layout).every((side = smallestSide) => side >= smallestSide))
    .flatMap((layout) => channelCounts(lengths[channelAxis(layout)], channels).map((count) => ({ layout, count })))
    .toSorted((a, b) => likelihood(axes, b) - likelihood(axes, a));
  // With a fixed number of channels, the other layout would be one of a few rows or columns.
  const certain = fitting.filter(({ layout }) => lengths[channelAxis(layout)] !== undefined);
  const usable = certain.length > 0 ? certain : fitting;
  if (usable.length === 0) throw new ModelMismatch(`${actual}: ${expectedBy(settings)}`);
  return usable.map(({ layout, count }) => {
    const [height, width] = sidesOf(lengths, layout);
    return {
      input: {
        name,
        type,
        layout,
        channels: count === 1 ? "Luma" : (channels ?? "RGB"),
        range: type === "uint8" ? "0-255" : range,
      },
      fixed: { width, height },
      batches: batch === undefined,
    };
  });
}

function isPictureType(type: TensorDeclaration["type"]): type is PictureTensor["type"] {
  return types.some((one) => one === type);
}

function channelAxis(layout: TensorLayout): 1 | 3 {
  return layout === "NHWC" ? 3 : 1;
}

/** Height and width. */
function sidesOf<Length>(
  axes: readonly Length[],
  layout: TensorLayout,
): readonly [Length | undefined, Length | undefined] {
  return layout === "NHWC" ? [axes[1], axes[2]] : [axes[2], axes[3]];
}

/** How many channels an axis of this length may hold. */
function channelCounts(length: number | undefined, channels: Settings["channels"]): readonly (3 | 1)[] {
  const wanted = channels === undefined ? ([3, 1] as const) : ([channels === "Luma" ? 1 : 3] as const);
  return wanted.filter((count) => length === undefined || length === count);
}

/** Names decide before trial runs do: `num_channels` is what Optimum writes. Colour is tried before brightness. */
function likelihood(axes: readonly (number | string)[], { layout, count }: { layout: TensorLayout; count: 3 | 1 }) {
  const axis = axes[channelAxis(layout)];
  const isNamed = typeof axis === "string" && /chan|^c$/i.test(axis);
  const [height, width] = sidesOf(axes, layout);
  const sidesNamed = /height|^h$|row/i.test(String(height)) && /width|^w$|col/i.test(String(width));
  return (
    (isNamed ? 8 : 0) +
    (sidesNamed ? 4 : 0) +
    (count === 3 ? 2 : 0) +
    (typeof axis !== "number" && layout === "NCHW" ? 1 : 0)
  );
}

function expectedBy({ layout, channels }: Settings): string {
  const set = [
    ...(layout === undefined ? [] : [`model.layout ${layout}`]),
    ...(channels === undefined ? [] : [`model.channels ${channels}`]),
  ];
  return set.length === 0 ? expected : `${expected}, with ${set.join(" and ")}`;
}

function described(side: string, { name, type, shape }: TensorDeclaration): string {
  return `${side} ${name} is ${type} of shape [${shape.join(", ")}]`;
}

/** A smaller or larger result is no picture of the same: the mean of each channel, for instance. */
const largestScale = 16;

/** Reads an output's shape as a picture of `scale` times `size`; undefined if it is none. */
export function resultOf(
  dims: readonly number[],
  { input }: Pick<InputCandidate, "input">,
  { width, height }: Size,
): { readonly layout: TensorLayout; readonly channelCount: 3 | 1; readonly scale: number } | undefined {
  const order: readonly TensorLayout[] = input.layout === "NHWC" ? ["NHWC", "NCHW"] : ["NCHW", "NHWC"];
  for (const layout of dims.length === 4 && dims[0] === 1 ? order : []) {
    const channelCount = dims[channelAxis(layout)];
    const [rows = 0, columns = 0] = sidesOf(dims, layout);
    const scale = columns / width;
    const isScale = scale >= 1 / largestScale && scale <= largestScale && rows === height * scale;
    if ((channelCount === 3 || channelCount === 1) && isScale) {
      return { layout, channelCount, scale };
    }
  }
  return undefined;
}
