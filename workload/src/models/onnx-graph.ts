/** Writes an ONNX model node by node. Build time only: the processor itself never loads onnx-proto. */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

/** The name of a tensor in the graph. */
export type TensorName = string;

export type Dimension = number | string;

type Attribute = number | string | readonly number[];

/** ONNX's names of element types. */
export type GraphType = "UINT8" | "FLOAT" | "FLOAT16" | "STRING" | "INT64";

export interface GraphPort {
  readonly name: TensorName;
  readonly shape: readonly Dimension[];
  /** Defaults to uint8. */
  readonly type?: GraphType;
}

interface GraphOutput {
  readonly output: GraphPort;
  /** Becomes the output. */
  readonly last: TensorName;
}

interface GraphModel extends GraphOutput {
  readonly name: string;
  readonly doc: string;
  readonly input: GraphPort;
  /** Further outputs. */
  readonly more?: readonly GraphOutput[];
  /** The version of ONNX's operators; defaults to `opset`. */
  readonly opset?: number;
}

/** The number of an element type, for Cast. */
export function elementType(type: GraphType): number {
  return DataType[type];
}

/** The oldest opset in which Clip, Pad, Cast and Transpose have the form that is written here. */
const opset = 13;
/** The IR version of onnx-proto's schema (ONNX 1.10). */
const irVersion = 8;

export class OnnxGraph {
  readonly #nodes: InstanceType<typeof onnx.NodeProto>[] = [];
  readonly #constants: InstanceType<typeof onnx.TensorProto>[] = [];

  /** Adds a node with one output and returns the output's name. Numeric attributes must be integers. */
  node(
    opType: string,
    inputs: readonly TensorName[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): TensorName {
    const output = `${opType.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push(
      new onnx.NodeProto({
        opType,
        name: output,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  /** Adds a float32 constant, or an int64 one if the values are an Int32Array. */
  constant(name: TensorName, dims: readonly number[], values: Float32Array | Int32Array): TensorName {
    const whole = values instanceof Int32Array;
    const raw = whole ? BigInt64Array.from(values, BigInt) : values;
    this.#constants.push(
      new onnx.TensorProto({
        name,
        dims: [...dims],
        dataType: whole ? DataType.INT64 : DataType.FLOAT,
        rawData: new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength),
      }),
    );
    return name;
  }

  /** Returns the bytes of the model, with one input. */
  encode(model: GraphModel): Uint8Array {
    const outputs = [model, ...(model.more ?? [])];
    for (const { output, last } of outputs) {
      const final = this.#nodes.find((node) => node.output[0] === last);
      if (final === undefined) throw new Error(`no node produces ${last}`);
      // Nodes that use it further on, too.
      for (const node of this.#nodes) node.input = node.input.map((name) => (name === last ? output.name : name));
      final.output = [output.name];
    }
    const graph = new onnx.GraphProto({
      name: model.name,
      node: this.#nodes,
      initializer: this.#constants,
      input: [port(model.input)],
      output: outputs.map(({ output }) => port(output)),
    });
    const proto = new onnx.ModelProto({
      irVersion,
      producerName: "gpumedia",
      docString: model.doc,
      opsetImport: [new onnx.OperatorSetIdProto({ domain: "", version: model.opset ?? opset })],
      graph,
    });
    return onnx.ModelProto.encode(proto).finish();
  }
}

function attribute(name: string, value: Attribute): InstanceType<typeof onnx.AttributeProto> {
  if (typeof value === "string") {
    return new onnx.AttributeProto({ name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value === "number") return new onnx.AttributeProto({ name, type: AttributeType.INT, i: value });
  return new onnx.AttributeProto({ name, type: AttributeType.INTS, ints: [...value] });
}

function port({ name, shape, type = "UINT8" }: GraphPort): InstanceType<typeof onnx.ValueInfoProto> {
  const dim = shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return new onnx.ValueInfoProto({
    name,
    type: new onnx.TypeProto({ tensorType: { elemType: DataType[type], shape: { dim } } }),
  });
}
