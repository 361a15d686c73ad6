/** What the Open Inference Protocol answers about the processor and its model: metadata, readiness, and Triton's extensions. */
import assert from "node:assert/strict";
import manifest from "../../../package.json" with { type: "json" };
import { withApp } from "./testing/oip-app.ts";

describe("the model in the Open Inference Protocol", () => {
  const gets: { readonly path: string; readonly status: number; readonly body: unknown }[] = [
    {
      path: "/v2",
      status: 200,
      body: {
        name: "gpumedia-processor",
        version: manifest.version,
        extensions: ["binary_tensor_data", "model_configuration", "statistics", "model_repository"],
      },
    },
    { path: "/v2/health/live", status: 200, body: { live: true } },
    { path: "/v2/health/ready", status: 200, body: { ready: true } },
    { path: "/v2/models/anime4k-2x/ready", status: 200, body: { name: "anime4k-2x", ready: true } },
    { path: "/v2/models/anime4k-2x/versions/1/ready", status: 200, body: { name: "anime4k-2x", ready: true } },
    { path: "/v2/models/other", status: 404, body: { error: 'no model "other"; this processor serves "anime4k-2x"' } },
    {
      path: "/v2/models/other/ready",
      status: 404,
      body: { error: 'no model "other"; this processor serves "anime4k-2x"' },
    },
    {
      path: "/v2/models/anime4k-2x/versions/2",
      status: 404,
      body: { error: 'model "anime4k-2x" has no version "2", only "1"' },
    },
    ...["/v2/models/anime4k-2x", "/v2/models/anime4k-2x/versions/1"].map((path) => ({
      path,
      status: 200,
      body: {
        name: "anime4k-2x",
        versions: ["1"],
        platform: "onnxruntime_onnx",
        inputs: [{ name: "input", datatype: "UINT8", shape: [-1, -1, -1, 3] }],
        outputs: [{ name: "output", datatype: "UINT8", shape: [-1, -1, -1, 3] }],
      },
    })),
  ];
  // Triton's extension_model_configuration.md and extension_statistics.md.
  const shape = [-1, -1, -1, 3];
  const config = {
    name: "anime4k-2x",
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: 0,
    input: [
      {
        name: "input",
        data_type: "TYPE_UINT8",
        dims: shape,
        is_shape_tensor: false,
        format: "FORMAT_NONE",
        optional: false,
      },
    ],
    output: [{ name: "output", data_type: "TYPE_UINT8", dims: shape, is_shape_tensor: false }],
    instance_group: [{ name: "anime4k-2x", kind: "KIND_CPU", count: 2 }],
    model_transaction_policy: { decoupled: false },
    parameters: {},
  };
  const stats = {
    model_stats: [
      {
        name: "anime4k-2x",
        version: "1",
        last_inference: 1_790_000_000_000,
        inference_count: 4,
        execution_count: 2,
        inference_stats: {
          success: { count: 4, ns: 2_875_000_000 },
          fail: { count: 1, ns: 0 },
          queue: { count: 4, ns: 500_000_000 },
          compute_input: { count: 4, ns: 250_000_000 },
          compute_infer: { count: 4, ns: 2_000_000_000 },
          compute_output: { count: 4, ns: 125_000_000 },
          cache_hit: { count: 0, ns: 0 },
          cache_miss: { count: 0, ns: 0 },
        },
        batch_stats: [],
      },
    ],
  };
  const other = { error: 'no model "other"; this processor serves "anime4k-2x"' };
  gets.push(
    ...["", "/versions/1"].flatMap((version) => [
      { path: `/v2/models/anime4k-2x${version}/config`, status: 200, body: config },
      { path: `/v2/models/anime4k-2x${version}/stats`, status: 200, body: stats },
    ]),
    { path: "/v2/models/stats", status: 200, body: stats },
    { path: "/v2/models/other/config", status: 404, body: other },
    { path: "/v2/models/other/stats", status: 404, body: other },
  );
  for (const { path, status, body } of gets) {
    it(`GET ${path} answers ${status}`, () =>
      withApp(async (app) => {
        const answer = await app.inject(path);
        assert.deepEqual({ status: answer.statusCode, body: answer.json<unknown>() }, { status, body });
      }));
  }

  it("reports not ready while the model is being loaded", () =>
    withApp(async (app, { pipeline }) => {
      pipeline.ready = false;
      pipeline.model = undefined;
      const paths = ["/v2/health/ready", "/v2/models/anime4k-2x/ready", "/v2/models/anime4k-2x", "/v2/health/live"];
      const answers = await Promise.all(paths.map(async (path) => app.inject(path)));
      assert.deepEqual(
        answers.map(({ statusCode }) => statusCode),
        [503, 503, 503, 200],
      );
    }));

  const index = [{ name: "anime4k-2x", version: "1", state: "READY", reason: "" }];
  const loading = [{ ...index[0], state: "LOADING", reason: "the model is still being loaded" }];
  const indexed: readonly (readonly [name: string, ready: boolean, body: object | undefined, index: unknown])[] = [
    ["without a body", true, undefined, index],
    ["with an empty request", true, {}, index],
    ["of models that are ready", true, { ready: true }, index],
    ["while the model is being loaded", false, { ready: null }, loading],
    ["of models that are ready while the model is being loaded", false, { ready: true }, []],
  ];
  for (const [name, ready, payload, expected] of indexed) {
    it(`answers the repository's index ${name}`, () =>
      withApp(async (app, { pipeline }) => {
        pipeline.ready = ready;
        const request = { method: "POST", url: "/v2/repository/index" } as const;
        const answer = await app.inject(payload === undefined ? request : { ...request, payload });
        assert.deepEqual([answer.statusCode, answer.json<unknown>()], [200, expected]);
      }));
  }
});
