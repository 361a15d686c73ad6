/** Encodes an inference response: JSON, followed by the outputs that were requested as bytes. Pure. */
import type { InferRequest } from "./infer-request.ts";
import { jsonOfBytes } from "./json-data.ts";
import { badRequest, checkNames, type Tensor, type TensorSpec } from "./tensor.ts";

export interface AnsweredOutput {
  readonly tensor: Tensor;
  /** Returned as bytes, not as JSON. */
  readonly binary: boolean;
}

export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string | undefined;
  readonly outputs: readonly AnsweredOutput[];
}

export interface EncodedResponse {
  readonly contentType: string;
  /** The Inference-Header-Content-Length; undefined: all is JSON. */
  readonly jsonLength: number | undefined;
  readonly chunks: readonly Uint8Array[];
}

/** @throws {HttpProblem} 400 for an output that the model does not have */
export function checkOutputs({ outputs = [] }: Pick<InferRequest, "outputs">, specs: readonly TensorSpec[]): void {
  checkNames("output", outputs, specs);
  for (const [index, { name }] of outputs.entries()) {
    const first = outputs.findIndex((other) => other.name === name);
    if (first !== index) throw badRequest(`output "${name}" is requested more than once`);
  }
}

/** Returns the requested outputs in the requested order. */
export function requestedOutputs(request: InferRequest, tensors: readonly Tensor[]): readonly AnsweredOutput[] {
  const { outputs, binaryByDefault } = request;
  if (outputs === undefined) return tensors.map((tensor) => ({ tensor, binary: binaryByDefault }));
  return outputs.flatMap(({ name, binary = binaryByDefault }) =>
    tensors.filter((tensor) => tensor.name === name).map((tensor) => ({ tensor, binary })),
  );
}

export function encodeInferResponse({ modelName, modelVersion, id, outputs }: InferResponse): EncodedResponse {
  const binaries = outputs.filter(({ binary }) => binary).map(({ tensor }) => tensor.bytes);
  const head = {
    model_name: modelName,
    model_version: modelVersion,
    ...(id !== undefined && { id }),
    outputs: outputs.map(({ tensor: { name, datatype, shape, bytes }, binary }) => ({
      name,
      datatype,
      shape,
      ...(binary ? { parameters: { binary_data_size: bytes.length } } : { data: jsonOfBytes(datatype, bytes) }),
    })),
  };
  const json = Buffer.from(JSON.stringify(head));
  const isBinary = binaries.length > 0;
  return {
    contentType: isBinary ? "application/octet-stream" : "application/json",
    jsonLength: isBinary ? json.length : undefined,
    chunks: [json, ...binaries],
  };
}
