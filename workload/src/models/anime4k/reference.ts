/**
 * Evaluates a network layer by layer, as its authors describe it, in plain double-precision loops. The ONNX model is
 * compared with it; both share nothing but the weights.
 */
import type { Kernel, Network } from "./weights.ts";

interface Planes {
  readonly width: number;
  readonly height: number;
  readonly channels: readonly Float64Array[];
}

/** Takes RGB, three bytes a pixel; returns the doubled picture, not rounded, in steps of 1/255. */
export function evaluate(network: Network, pixels: Uint8Array, width: number, height: number): Float64Array {
  const channels = [0, 1, 2].map((c) =>
    Float64Array.from({ length: width * height }, (_, i) => (pixels[i * 3 + c] ?? 0) / 255),
  );
  const input = { width, height, channels };
  const layers = [convolve(network.first, input)];
  for (const kernel of network.middle) layers.push(convolve(kernel, concatenatedRelu([layers.at(-1) ?? input])));
  const read = network.lastReads === "all" ? layers : layers.slice(-1);
  const difference = convolve(network.last, concatenatedRelu(read));

  const result = new Float64Array(width * height * 12);
  for (let y = 0; y < height * 2; y++) {
    for (let x = 0; x < width * 2; x++) {
      const position = (y % 2) * 2 + (x % 2);
      const at = Math.floor(y / 2) * width + Math.floor(x / 2);
      for (let c = 0; c < 3; c++) {
        const plane = difference.channels[difference.channels.length === 4 ? position : c * 4 + position];
        result[(y * width * 2 + x) * 3 + c] = 255 * (bilinear(input, c, x, y) + (plane?.[at] ?? 0));
      }
    }
  }
  return result;
}

/** Per layer, the positive parts of all channels, then their negative parts. */
function concatenatedRelu(layers: readonly Planes[]): Planes {
  const [{ width, height } = { width: 0, height: 0 }] = layers;
  const channels = layers.flatMap((layer) => [
    ...layer.channels.map((plane) => plane.map((value) => Math.max(value, 0))),
    ...layer.channels.map((plane) => plane.map((value) => Math.max(-value, 0))),
  ]);
  return { width, height, channels };
}

/** Convolves with zero padding. */
function convolve({ outputs, inputs, side, weights, bias }: Kernel, { width, height, channels }: Planes): Planes {
  const radius = (side - 1) / 2;
  const planes = Array.from({ length: outputs }, (_, output) => {
    const plane = new Float64Array(width * height).fill(bias[output] ?? 0);
    for (let input = 0; input < inputs; input++) {
      for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
          const weight = weights[((output * inputs + input) * side + dy + radius) * side + dx + radius] ?? 0;
          for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
            for (let x = Math.max(0, -dx); x < Math.min(width, width - dx); x++) {
              plane[y * width + x] =
                (plane[y * width + x] ?? 0) + weight * (channels[input]?.[(y + dy) * width + x + dx] ?? 0);
            }
          }
        }
      }
    }
    return plane;
  });
  return { width, height, channels: planes };
}

/** A pixel of the picture doubled by bilinear interpolation, border pixels repeated. */
function bilinear({ width, height, channels }: Planes, c: number, x: number, y: number): number {
  const column = (x + 0.5) / 2 - 0.5;
  const row = (y + 0.5) / 2 - 0.5;
  const at = (i: number, j: number) =>
    channels[c]?.[Math.min(height - 1, Math.max(0, j)) * width + Math.min(width - 1, Math.max(0, i))] ?? 0;
  const [i, j] = [Math.floor(column), Math.floor(row)];
  const [u, v] = [column - i, row - j];
  return (1 - v) * ((1 - u) * at(i, j) + u * at(i + 1, j)) + v * ((1 - u) * at(i, j + 1) + u * at(i + 1, j + 1));
}
