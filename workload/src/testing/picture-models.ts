/** Models of pictures as exporters write them, built for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  elementType,
  OnnxGraph,
  type Dimension,
  type GraphPort,
  type GraphType,
  type TensorName,
} from "../models/onnx-graph.ts";

export interface PictureModelParts {
  /** Of the input and the output; defaults to float32. */
  readonly type?: GraphType;
  readonly inputShape?: readonly Dimension[];
  readonly outputShape?: readonly Dimension[];
  /** What comes before the picture is doubled, on float32 in the input's layout. */
  readonly before?: (graph: OnnxGraph, x: TensorName) => TensorName;
  /** What comes after it. */
  readonly after?: (graph: OnnxGraph, x: TensorName) => TensorName;
  /** The factors of the four axes; the default doubles NCHW. */
  readonly scales?: readonly [number, number, number, number];
  readonly more?: readonly {
    readonly port: GraphPort;
    readonly node: (graph: OnnxGraph, x: TensorName) => TensorName;
  }[];
  readonly opset?: number;
}

/** A model that doubles a picture by repeating its pixels. */
export function pictureModelBytes({
  type = "FLOAT",
  inputShape = ["batch", 3, "height", "width"],
  outputShape = ["batch", 3, "height2", "width2"],
  before = (_graph, x) => x,
  after = (_graph, x) => x,
  scales = [1, 1, 2, 2],
  more = [],
  opset = 18,
}: PictureModelParts = {}): Uint8Array {
  const graph = new OnnxGraph();
  const cast = (x: TensorName, to: GraphType) => graph.node("Cast", [x], { to: elementType(to) });
  const factors = graph.constant("scales", [4], Float32Array.from(scales));
  const read = before(graph, cast("input", "FLOAT"));
  const doubled = after(graph, graph.node("Resize", [read, "", factors], { mode: "nearest" }));
  const outputs = more.map(({ port, node }) => ({ output: port, last: node(graph, doubled) }));
  const last = cast(doubled, type);
  return graph.encode({
    name: "doubling",
    doc: "",
    input: { name: "input", shape: inputShape, type },
    output: { name: "output", shape: outputShape, type },
    last,
    more: outputs,
    opset,
  });
}

/** Returns the path of the model, in a folder that is removed when the tests end. */
export function modelFile(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "gpumedia-model-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "model.onnx");
  writeFileSync(file, bytes);
  return file;
}
