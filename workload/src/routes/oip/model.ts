/** The pipeline's model in the terms of the Open Inference Protocol. Pure. */
import type { ElementType, ModelDescription, RawTensor, TensorDeclaration } from "../../core/tensor.ts";
import type { Datatype, Tensor, TensorSpec } from "./tensor.ts";

/** A processor serves one version: a new model is rolled out with new pods. */
export const modelVersion = "1";

export interface OipModel {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

const datatypes: Readonly<Record<ElementType, Datatype>> = {
  float32: "FP32",
  float64: "FP64",
  float16: "FP16",
  uint8: "UINT8",
  int8: "INT8",
  uint16: "UINT16",
  int16: "INT16",
  int32: "INT32",
  uint32: "UINT32",
  int64: "INT64",
  uint64: "UINT64",
  bool: "BOOL",
  string: "BYTES",
};

const elementTypes = Object.fromEntries(
  Object.entries(datatypes).map(([elementType, datatype]) => [datatype, elementType]),
) as Readonly<Record<Datatype, ElementType>>;

export function oipModel({ name, inputs, outputs }: ModelDescription): OipModel {
  return { name, inputs: inputs.map(spec), outputs: outputs.map(spec) };
}

function spec({ name, type, shape }: TensorDeclaration): TensorSpec {
  return { name, datatype: datatypes[type], shape: shape.map((length) => (typeof length === "number" ? length : -1)) };
}

export function toRaw({ name, datatype, shape, bytes }: Tensor): RawTensor {
  return { name, type: elementTypes[datatype], shape, bytes };
}

export function fromRaw({ name, type, shape, bytes }: RawTensor): Tensor {
  return { name, datatype: datatypes[type], shape, bytes };
}

/** `GET /v2`. Clients look for extensions by these names. */
export function serverMetadata(version: string): object {
  const extensions = ["binary_tensor_data", "model_configuration", "statistics", "model_repository"];
  return { name: "gpumedia-processor", version, extensions };
}

/** `GET /v2/models/{name}`. The platform is Triton's name for an ONNX model. */
export function modelMetadata({ name, inputs, outputs }: OipModel): object {
  return { name, versions: [modelVersion], platform: "onnxruntime_onnx", inputs, outputs };
}
