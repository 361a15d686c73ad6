/**
 * Finds out what a model does with a picture, by trial runs: where its declaration leaves the layout open, which of its outputs is
 * the picture, by how much it enlarges, which sizes it takes, and whether a run takes several pictures.
 *
 * Declarations are wrong about that: tracing exporters write the batch or the size of their example into the graph and declare
 * it free all the same, and nothing declares that sides must be even, or multiples of a window.
 */
import type { ModelContract, ModelOptions, PictureTensor } from "../core/model-contract.ts";
import type { Size } from "../core/picture.ts";
import {
  candidatesOf,
  ModelMismatch,
  resultOf,
  type Candidates,
  type InputCandidate,
  type OutputCandidate,
} from "./model-declaration.ts";
import { tensorDims } from "./picture-inference.ts";
import { discardOutputs, type ModelSession } from "./session.ts";
import { trialFeeds } from "./trial.ts";

/** Tried in this order: powers of two, then multiples of the windows of 7, 9, 10, 12 and so on of Swin-like networks, then sizes that exporters use as examples. */
const sides = [64, 96, 56, 72, 80, 60, 84, 88, 104, 128, 112, 144, 224, 240, 256, 320, 384, 512];

type Options = Pick<ModelOptions, "layout" | "range" | "outputRange" | "channels" | "sizeMultiple">;

interface Found {
  readonly candidate: InputCandidate;
  readonly output: PictureTensor;
  readonly scale: number;
  readonly size: Size;
}

type Trial =
  | { readonly kind: "picture"; readonly found: Found }
  /** The model ran, but returned no picture that belongs to its input. */
  | { readonly kind: "other"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };

/** @throws {ModelMismatch} if the model cannot process pictures; the message gives the reason */
export async function learnContract(session: ModelSession, options: Options): Promise<ModelContract> {
  const candidates = candidatesOf(session, options);
  const { candidate, output, scale, size } = await firstThatWorks(
    new Trials(session, candidates.outputs),
    candidates,
    options,
  );
  // In another size, another output may look like a picture: means of channels are one of 1x1.
  const trials = new Trials(session, [output]);
  const sizes = await sizesOf(trials, { candidate, output, scale, size }, options);
  const contract = { input: candidate.input, output, scale, trial: size, ...sizes };
  return { ...contract, batches: candidate.batches && (await trials.takesTwo(candidate, output, size, scale)) };
}

class Trials {
  readonly #session: ModelSession;
  readonly #outputs: readonly OutputCandidate[];

  constructor(session: ModelSession, outputs: readonly OutputCandidate[]) {
    this.#session = session;
    this.#outputs = outputs;
  }

  async run(candidate: InputCandidate, size: Size): Promise<Trial> {
    let shapes: Readonly<Record<string, readonly number[]>>;
    try {
      shapes = await this.#shapes(candidate, 1, size);
    } catch (error) {
      return { kind: "failed", message: oneLine(error) };
    }
    for (const { name, type, range } of this.#outputs) {
      const result = resultOf(shapes[name] ?? [], candidate, size);
      if (result === undefined) continue;
      const { layout, scale } = result;
      const channels = result.channelCount === 1 ? "Luma" : colours(candidate.input.channels);
      return { kind: "picture", found: { candidate, size, scale, output: { name, type, range, layout, channels } } };
    }
    const returned = this.#outputs.map(({ name }) => `${name} of shape [${(shapes[name] ?? []).join(", ")}]`);
    // The size of the example in the graph makes two pictures of a wider one.
    const kind = this.#outputs.some(({ name }) => shapes[name]?.[0] === 1) ? "other" : "failed";
    return { kind, message: `it returned ${returned.join(", ")} for a picture of ${sizeText(size)}` };
  }

  /** Whether a run of two pictures returns two. */
  async takesTwo({ input }: InputCandidate, output: PictureTensor, size: Size, scale: number): Promise<boolean> {
    const expected = tensorDims(output, 2, { width: size.width * scale, height: size.height * scale });
    try {
      const shapes = await this.#shapes({ input }, 2, size);
      return shapes[output.name]?.join() === expected.join();
    } catch {
      return false;
    }
  }

  async #shapes(candidate: Pick<InputCandidate, "input">, count: number, size: Size) {
    const outputs = await this.#session.tryRun(trialFeeds(candidate, size, count));
    const shapes = Object.fromEntries(Object.entries(outputs).map(([name, { dims }]) => [name, dims]));
    discardOutputs(outputs);
    return shapes;
  }
}

async function firstThatWorks(trials: Trials, { inputs }: Candidates, options: Options): Promise<Found> {
  const failures: string[] = [];
  const tried = new Set<string>();
  for (const side of trialSides(options)) {
    for (const candidate of inputs) {
      const { width = side, height = side } = candidate.fixed;
      const key = `${candidate.input.layout} ${candidate.input.channels} ${sizeText({ width, height })}`;
      if (tried.has(key)) continue;
      tried.add(key);
      const trial = await trials.run(candidate, { width, height });
      if (trial.kind === "picture") return trial.found;
      failures.push(trial.message);
    }
  }
  const [first = ""] = failures;
  const some = [...tried].slice(0, 4).join(", ") + (tried.size > 4 ? ", …" : "");
  const hasFreeSide = inputs.some(({ fixed }) => fixed.width === undefined || fixed.height === undefined);
  throw new ModelMismatch(
    `it takes no picture of the ${tried.size} layouts and sizes that were tried (${some}): ${first}; set ${hasFreeSide ? "model.sizeMultiple to the number that its sides are multiples of, or to its side if it takes only one size, and " : ""}model.layout and model.channels, as the model's author describes`,
  );
}

function trialSides({ sizeMultiple }: Options): readonly number[] {
  if (sizeMultiple === undefined) return sides;
  // The answer to a picture of 8x8 has too few values to be compared with it.
  const first = Math.ceil(64 / sizeMultiple) * sizeMultiple;
  // A smaller side may be the only one that the model takes.
  return [first, sizeMultiple, 2 * first, 4 * first];
}

type Sizes = Pick<ModelContract, "fixed" | "sizeMultiple" | "smallestSide">;

async function sizesOf(trials: Trials, found: Found, { sizeMultiple }: Options): Promise<Sizes> {
  const { fixed } = found.candidate;
  const isFree = fixed.width === undefined || fixed.height === undefined;
  if (!isFree) return fixedSizes(found);
  const failure = sizeMultiple === undefined ? undefined : await failureBeyond(trials, found, sizeMultiple);
  const fits = sizeMultiple !== undefined && failure === undefined;
  const multiple = fits ? sizeMultiple : await learnMultiple(trials, found);
  // The size of the example from which the model was traced is in its graph.
  if (multiple === undefined) return fixedSizes(found);
  // Pictures of that size would fail one by one.
  if (failure !== undefined)
    throw new ModelMismatch(`model.sizeMultiple ${sizeMultiple} does not fit: ${failure}; set ${multiple}`);
  if (!Number.isInteger(multiple * found.scale)) {
    throw new ModelMismatch(
      `model.sizeMultiple ${multiple} times the scale ${found.scale} is no whole number of pixels`,
    );
  }
  return { fixed, sizeMultiple: multiple, smallestSide: await learnSmallest(trials, found, multiple) };
}

/** Tiles may begin where a pixel of the result begins. @throws {ModelMismatch} if these positions are in no fixed size */
function fixedSizes({ size, scale }: Found): Sizes {
  const common = divisors(size.width).filter((divisor) => size.height % divisor === 0);
  const multiple = common.find((divisor) => Number.isInteger(divisor * scale));
  if (multiple === undefined)
    throw new ModelMismatch(`it enlarges ${sizeText(size)} ${scale} times, which is no whole number of pixels`);
  return { fixed: size, sizeMultiple: multiple, smallestSide: 1 };
}

/**
 * Returns the smallest number that sides have to be a multiple of; undefined: the model takes only the size that worked. If a side
 * s and a side s + m work, then what both are multiples of is a divisor of m.
 */
async function learnMultiple(trials: Trials, found: Found): Promise<number | undefined> {
  const { candidate, size, scale } = found;
  const side = candidate.fixed.width === undefined ? size.width : size.height;
  const others: string[] = [];
  for (const multiple of divisors(side).filter((divisor) => Number.isInteger(divisor * scale))) {
    const results = await Promise.all(
      sizesBeyond(candidate, size, multiple).map(async (larger) => trials.run(candidate, larger)),
    );
    if (results.every((trial) => trial.kind === "picture" && trial.found.scale === scale)) return multiple;
    others.push(...results.flatMap((trial) => (trial.kind === "other" ? [trial.message] : [])));
    const other = results.find((trial) => trial.kind === "picture" && trial.found.scale !== scale);
    if (other?.kind === "picture")
      others.push(
        `it enlarges ${sizeText(size)} ${scale} times and ${sizeText(other.found.size)} ${other.found.scale} times`,
      );
  }
  const [other] = others;
  if (other !== undefined)
    throw new ModelMismatch(`${other}: expected the same scale for all sizes and for both sides`);
  return undefined;
}

/** Returns why the next multiple does not work; undefined: it does. */
async function failureBeyond(trials: Trials, found: Found, multiple: number): Promise<string | undefined> {
  const { candidate, size, scale } = found;
  for (const larger of sizesBeyond(candidate, size, multiple)) {
    const trial = await trials.run(candidate, larger);
    if (trial.kind === "picture" && trial.found.scale === scale) continue;
    const reason = trial.kind === "picture" ? `it is enlarged ${trial.found.scale} times, not ${scale}` : trial.message;
    return `${sizeText(size)} works, but not ${sizeText(larger)}: ${reason}`;
  }
  return undefined;
}

function sizesBeyond({ fixed }: InputCandidate, { width, height }: Size, by: number): readonly Size[] {
  return [
    ...(fixed.width === undefined ? [{ width: width + by, height }] : []),
    ...(fixed.height === undefined ? [{ width, height: height + by }] : []),
  ];
}

/** Reflecting layers need sides that are longer than their padding. */
async function learnSmallest(trials: Trials, { candidate, size, scale }: Found, multiple: number): Promise<number> {
  const { fixed } = candidate;
  const largest = Math.max(size.width, size.height);
  for (let side = multiple; side < largest; side *= 2) {
    const trial = await trials.run(candidate, { width: fixed.width ?? side, height: fixed.height ?? side });
    if (trial.kind === "picture" && trial.found.scale === scale) return side;
  }
  return largest;
}

function divisors(value: number): readonly number[] {
  return Array.from({ length: value }, (_, index) => index + 1).filter((divisor) => value % divisor === 0);
}

function colours(channels: PictureTensor["channels"]): PictureTensor["channels"] {
  return channels === "Luma" ? "RGB" : channels;
}

function sizeText({ width, height }: Size): string {
  return `${width}x${height}`;
}

/** onnxruntime's messages begin with paths of its source and go on for pages. */
function oneLine(error: unknown): string {
  return (error as Error).message.replaceAll(/\s+/g, " ").slice(0, 400);
}
