/** Reads the network files of `@websr/websr` into dense kernels in ONNX's order. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export const sizes = ["s", "m", "l"] as const;
export type Size = (typeof sizes)[number];

/** The training data: animation (as in Anime4K), photographs or rendered scenes. */
export type Training = "an" | "rl" | "3d";

/** A convolution; `weights` as [output][input][row][column]. */
export interface Kernel {
  readonly outputs: number;
  readonly inputs: number;
  readonly side: 1 | 3;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/**
 * One network. Each layer but the first reads `max(x, 0)` and then `max(-x, 0)` of all its input channels (a concatenated
 * ReLU). The last returns the difference of each doubled pixel from bilinear interpolation, four positions a channel.
 */
export interface Network {
  readonly first: Kernel;
  readonly middle: readonly Kernel[];
  /** Reads the previous layer (size s) or all previous layers (m and l). */
  readonly last: Kernel;
  readonly lastReads: "previous" | "all";
}

interface Entry {
  readonly weights: readonly number[];
  readonly bias: readonly number[];
}

export function readNetwork(size: Size, training: Training): Network {
  const folder = dirname(createRequire(import.meta.url).resolve("@websr/websr/package.json"));
  const text = readFileSync(join(folder, "weights", "anime4k", `cnn-2x-${size}-${training}.json`), "utf8");
  const { layers } = JSON.parse(text) as { layers: Record<string, Entry> };
  const read = (names: readonly string[], inputs: number, side: 1 | 3) =>
    kernel(
      names.map((name) => layers[name] ?? missing(name)),
      inputs,
      side,
    );

  switch (size) {
    case "s":
      return {
        first: read(["conv2d_tf"], 3, 3),
        middle: [1, 2].map((i) => read([`conv2d_${i}_tf`], 8, 3)),
        last: read(["conv2d_last_tf"], 8, 3),
        lastReads: "previous",
      };
    case "m":
      return {
        first: read(["conv2d_tf"], 3, 3),
        middle: [1, 2, 3, 4, 5, 6].map((i) => read([`conv2d_${i}_tf`], 8, 3)),
        last: read(["conv2d_7_tf", "conv2d_7_tf1", "conv2d_7_tf2"], 56, 1),
        lastReads: "all",
      };
    case "l":
      return {
        first: read(["conv2d_tf", "conv2d_tf1"], 3, 3),
        middle: [1, 2, 3, 4, 5, 6].map((i) => read([`conv2d_${i}_tf`, `conv2d_${i}_tf1`], 16, 3)),
        last: read(["conv2d_last_tf", "conv2d_last_tf1", "conv2d_last_tf2"], 112, 1),
        lastReads: "all",
      };
  }
}

/**
 * Each entry computes four channels from vectors of four: a sequence of column-major 4x4 matrices, vector by vector,
 * and within one by column, then row of the kernel.
 */
function kernel(entries: readonly Entry[], inputs: number, side: 1 | 3): Kernel {
  const outputs = entries.length * 4;
  const taps = side * side;
  const weights = new Float32Array(outputs * inputs * taps);
  for (const [group, { weights: matrices }] of entries.entries()) {
    // A picture's fourth channel is alpha; its weights are zero.
    const vectors = Math.ceil(inputs / 4);
    if (matrices.length !== vectors * taps * 16)
      throw new Error(`${matrices.length} weights, not ${vectors * taps * 16}`);
    for (let vector = 0; vector < vectors; vector++) {
      for (let tap = 0; tap < taps; tap++) {
        const column = side === 1 ? 0 : Math.floor(tap / 3);
        const row = side === 1 ? 0 : tap % 3;
        for (let c = 0; c < 4 && vector * 4 + c < inputs; c++) {
          for (let r = 0; r < 4; r++) {
            const value = matrices[((vector * taps + tap) * 4 + c) * 4 + r] ?? 0;
            weights[(((group * 4 + r) * inputs + vector * 4 + c) * side + row) * side + column] = value;
          }
        }
      }
    }
  }
  return { outputs, inputs, side, weights, bias: Float32Array.from(entries.flatMap(({ bias }) => bias)) };
}

function missing(name: string): never {
  throw new Error(`the network file has no layer ${name}`);
}
