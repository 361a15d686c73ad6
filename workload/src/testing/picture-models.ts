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

/** Adds nodes, and returns the name of their result. */
type Nodes = (graph: OnnxGraph, x: TensorName) => TensorName;

export interface PictureModelParts {
  /** Of the input and the output; defaults to float32. */
  readonly type?: GraphType;
  readonly inputShape?: readonly Dimension[];
  readonly outputShape?: readonly Dimension[];
  /** What comes before the picture is enlarged, on float32 in the input's layout. */
  readonly before?: Nodes;
  /** What comes after it. */
  readonly after?: Nodes;
  /** The factors of the four axes; the default doubles NCHW. */
  readonly scales?: readonly [number, number, number, number];
  /** Outputs besides the picture. */
  readonly more?: readonly { readonly port: GraphPort; readonly nodes: Nodes }[];
  /** Whether the other outputs come first. */
  readonly moreFirst?: boolean;
  readonly opset?: number;
}

const unchanged: Nodes = (_graph, x) => x;

/** A model that enlarges a picture by repeating its pixels. */
export function pictureModelBytes({
  type = "FLOAT",
  inputShape = ["batch", 3, "height", "width"],
  outputShape = ["batch", 3, "height2", "width2"],
  before = unchanged,
  after = unchanged,
  scales = [1, 1, 2, 2],
  more = [],
  moreFirst = false,
  opset = 18,
}: PictureModelParts = {}): Uint8Array {
  const graph = new OnnxGraph();
  const cast = (x: TensorName, to: GraphType) => graph.node("Cast", [x], { to: elementType(to) });
  const factors = graph.constant("scales", [4], Float32Array.from(scales));
  const read = before(graph, cast("input", "FLOAT"));
  const enlarged = after(graph, graph.node("Resize", [read, "", factors], { mode: "nearest" }));
  const others = more.map(({ port, nodes }) => ({ output: port, last: nodes(graph, enlarged) }));
  const picture = {
    output: { name: "output", shape: outputShape, type },
    last: graph.node("Identity", [cast(enlarged, type)]),
  };
  const [first = picture, ...rest] = moreFirst ? [...others, picture] : [picture, ...others];
  const input = { name: "input", shape: inputShape, type };
  return graph.encode({ name: "enlarging", doc: "", input, ...first, more: rest, opset });
}

let folder: string | undefined;
let files = 0;

/** Returns the path of the model, in a folder that is removed when the tests end. */
export function modelFile(bytes: Uint8Array): string {
  folder ??= temporaryFolder();
  const file = join(folder, `${files++}.onnx`);
  writeFileSync(file, bytes);
  return file;
}

function temporaryFolder(): string {
  const created = mkdtempSync(join(tmpdir(), "gpumedia-models-"));
  process.once("exit", () => rmSync(created, { recursive: true, force: true }));
  return created;
}

const integers = (graph: OnnxGraph, name: string, ...values: readonly number[]): TensorName =>
  graph.constant(name, [values.length], Int32Array.from(values));

/** A number as a constant. */
function number(graph: OnnxGraph, name: string, value: number): TensorName {
  return graph.constant(name, [1], Float32Array.of(value));
}

/** Cuts the sides into windows of `k` pixels and puts them together again: other sizes fail, as in Swin-like networks. */
export function windows(k: number): Nodes {
  return (graph, x) => {
    const [zero, one, two, four] = [0, 1, 2, 4].map((value) => integers(graph, `at${value}`, value));
    const side = integers(graph, "k", k);
    const shape = graph.node("Shape", [x]);
    const counts = graph.node("Div", [graph.node("Slice", [shape, two ?? "", four ?? "", zero ?? ""]), side]);
    const rows = graph.node("Slice", [counts, zero ?? "", one ?? ""]);
    const columns = graph.node("Slice", [counts, one ?? "", two ?? ""]);
    const any = integers(graph, "any", -1);
    const channels = integers(graph, "channels", 3);
    const split = graph.node("Concat", [any, channels, rows, side, columns, side], { axis: 0 });
    return graph.node("Reshape", [graph.node("Reshape", [x, split]), shape]);
  };
}

/** What tracing leaves of `x.reshape(b, …)`: a batch of 1 in the graph, although the batch is declared free. */
export const bakedBatch: Nodes = (graph, x) => {
  const sides = graph.node("Slice", [
    graph.node("Shape", [x]),
    integers(graph, "from", 2),
    integers(graph, "to", 4),
    integers(graph, "axis", 0),
  ]);
  return graph.node("Reshape", [x, graph.node("Concat", [integers(graph, "one3", 1, 3), sides], { axis: 0 })]);
};

/** What tracing leaves of `x.view(b, 3, h, w)`: the size of the example in the graph. */
export function bakedSize(side: number): Nodes {
  return (graph, x) => graph.node("Reshape", [x, integers(graph, "example", -1, 3, side, side)]);
}

/** PyTorch's pixel_unshuffle, with which Real-ESRGAN x2 begins, and its reverse: sides must be even. */
export const unshuffled: Nodes = (graph, x) =>
  graph.node("DepthToSpace", [graph.node("SpaceToDepth", [x], { blocksize: 2 })], { blocksize: 2 });

/** Exchanges red and blue. */
export const exchanged: Nodes = (graph, x) => graph.node("Gather", [x, integers(graph, "order", 2, 1, 0)], { axis: 1 });

export function times(factor: number): Nodes {
  return (graph, x) => graph.node("Mul", [x, number(graph, "factor", factor)]);
}

/** A network for numbers around `centre`, with answers from 0 to `white`: with other numbers, it saturates. */
export function sigmoid(centre: number, spread: number, white: number): Nodes {
  return (graph, x) => {
    const centred = graph.node("Sub", [x, number(graph, "centre", centre)]);
    const answer = graph.node("Sigmoid", [graph.node("Div", [centred, number(graph, "spread", spread)])]);
    return graph.node("Mul", [answer, number(graph, "white", white)]);
  };
}

/** Takes the same away at each side, as convolutions without padding do. */
export function cropped(pixels: number): Nodes {
  return (graph, x) =>
    graph.node("Slice", [
      x,
      integers(graph, "first", pixels, pixels),
      integers(graph, "last", -pixels, -pixels),
      integers(graph, "axes", 2, 3),
    ]);
}

/** A picture of always the same size. */
export function resized(side: number): Nodes {
  return (graph, x) =>
    graph.node("Resize", [x, "", "", integers(graph, "sizes", 1, 3, side, side)], { mode: "nearest" });
}

/** Reflects the edges, and takes them away again: the sides must be longer than `pixels`. */
export function reflected(pixels: number): Nodes {
  return (graph, x) => {
    const pads = integers(graph, "pads", 0, 0, pixels, pixels, 0, 0, pixels, pixels);
    return cropped(pixels)(graph, graph.node("Pad", [x, pads], { mode: "reflect" }));
  };
}
