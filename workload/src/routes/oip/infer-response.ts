/** The answer to a request for inference: JSON, followed by the bytes of the outputs that are wanted as such. Pure. */
import type { InferRequest } from "./infer-request.ts";
import { jsonOfBytes } from "./json-data.ts";
import { badRequest, type Tensor, type TensorSpec } from "./tensor.ts";

/** An output with the way in which it is wanted. */
export interface AnsweredOutput {
  readonly tensor: Tensor;
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
  /** For the header Inference-Header-Content-Length; undefined: all is JSON. */
  readonly jsonLength: number | undefined;
  readonly chunks: readonly Uint8Array[];
}

/** Before any work is done: throws a 400 for an output that the model does not have. */
export function checkOutputs({ outputs = [] }: Pick<InferRequest, "outputs">, specs: readonly TensorSpec[]): void {
  for (const [index, { name }] of outputs.entries()) {
    if (!specs.some((spec) => spec.name === name)) {
      throw badRequest(
        `there is no output "${name}"; the model has ${specs.map((spec) => `"${spec.name}"`).join(", ")}`,
      );
    }
    if (outputs.findIndex((other) => other.name === name) !== index)
      throw badRequest(`output "${name}" is asked for twice`);
  }
}

/** The outputs that are wanted, in the order in which they are. */
export function wantedOutputs(request: InferRequest, tensors: readonly Tensor[]): readonly AnsweredOutput[] {
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
