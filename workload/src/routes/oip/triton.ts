/**
 * What Triton's clients and perf_analyzer ask for besides the protocol: its extensions model configuration, statistics and model
 * repository (protocol/extension_*.md of the Triton server). Pure.
 */
import type { Totals } from "../../telemetry/telemetry.ts";
import { modelVersion, type OipModel } from "./model.ts";
import type { Datatype, TensorSpec } from "./tensor.ts";

/** `GET /v2/models/{name}/config`. Shapes include the batch: `max_batch_size` 0. */
export function modelConfig(
  { name, inputs, outputs }: OipModel,
  workers: { readonly count: number; readonly onGpu: boolean },
): object {
  return {
    name,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: 0,
    input: inputs.map((input) => ({ ...configOf(input), format: "FORMAT_NONE", optional: false })),
    output: outputs.map(configOf),
    instance_group: [{ name, kind: workers.onGpu ? "KIND_GPU" : "KIND_CPU", count: workers.count }],
    model_transaction_policy: { decoupled: false },
    parameters: {},
  };
}

function configOf({ name, datatype, shape }: TensorSpec): object {
  return { name, data_type: dataType(datatype), dims: shape, is_shape_tensor: false };
}

/** Triton's name of a datatype in a configuration. */
function dataType(datatype: Datatype): string {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}

/** `GET /v2/models[/{name}[/versions/{version}]]/stats`: of pictures and tensors alike. Decoding counts as computing the input, encoding as the output. */
export function modelStatistics(name: string, totals: Totals): object {
  const { succeeded, failed, runs, lastSuccessAt, seconds } = totals;
  const duration = (count: number, total: number) => ({ count, ns: Math.round(total * 1e9) });
  const spent = (total: number) => duration(succeeded, total);
  const { queue, decode, inference, encode } = seconds;
  return {
    model_stats: [
      {
        name,
        version: modelVersion,
        last_inference: lastSuccessAt,
        inference_count: succeeded,
        execution_count: runs,
        inference_stats: {
          success: spent(queue + decode + inference + encode),
          fail: duration(failed, 0),
          queue: spent(queue),
          compute_input: spent(decode),
          compute_infer: spent(inference),
          compute_output: spent(encode),
          cache_hit: duration(0, 0),
          cache_miss: duration(0, 0),
        },
        batch_stats: [],
      },
    ],
  };
}

/** `POST /v2/repository/index`; `readyOnly`: the request's `ready`. */
export function repositoryIndex(name: string, ready: boolean, readyOnly: boolean): readonly object[] {
  if (ready) return [{ name, version: modelVersion, state: "READY", reason: "" }];
  return readyOnly
    ? []
    : [{ name, version: modelVersion, state: "LOADING", reason: "the model is still being loaded" }];
}
