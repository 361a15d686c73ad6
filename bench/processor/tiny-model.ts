/** A model that takes almost no time, so that everything else is measured: one 3x3 convolution that sharpens a picture. */
import { OnnxGraph } from "../../workload/src/models/onnx-graph.ts";

export function tinyModel(): Uint8Array {
  const graph = new OnnxGraph();
  const weights = new Float32Array(3 * 3 * 9);
  for (let colour = 0; colour < 3; colour++) {
    for (const [tap, value] of [0, -0.25, 0, -0.25, 2, -0.25, 0, -0.25, 0].entries()) {
      weights[(colour * 3 + colour) * 9 + tap] = value;
    }
  }
  const planes = graph.node("Transpose", [graph.node("Cast", ["image"], { to: 1 })], { perm: [0, 3, 1, 2] });
  const sharp = graph.node("Conv", [planes, graph.constant("weight", [3, 3, 3, 3], weights)], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
  });
  const bytes = graph.node("QuantizeLinear", [sharp, graph.constant("step", [], Float32Array.of(1))]);
  return graph.encode({
    name: "tiny",
    doc: "sharpens",
    input: { name: "image", shape: ["batch", "height", "width", 3] },
    output: { name: "sharpened", shape: ["batch", "height", "width", 3] },
    last: graph.node("Transpose", [bytes], { perm: [0, 2, 3, 1] }),
  });
}
