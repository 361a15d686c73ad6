/** Requests and responses from the Open Inference Protocol's REST page and Triton's binary extension. */
import assert from "node:assert/strict";
import { deflateSync, gzipSync } from "node:zlib";
import type { FastifyInstance, InjectOptions } from "fastify";
import { PipelineError } from "../../core/pipeline-error.ts";
import manifest from "../../../package.json" with { type: "json" };
import { appWith, type FakeContext, fakeContext } from "../testing/fake-context.ts";
import { oipRoutes } from "./oip.ts";

const url = "/v2/models/anime4k-2x/infer";
const pixels = [1, 2, 3, 4, 5, 6];
const input = { name: "input", shape: [1, 1, 2, 3], datatype: "UINT8", data: pixels };
const row = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6];
const doubledPixels = [...row, ...row];
const jsonOutput = { name: "output", datatype: "UINT8", shape: [1, 2, 4, 3], data: doubledPixels };
const head = { model_name: "anime4k-2x", model_version: "1" };

async function withApp(test: (app: FastifyInstance, context: FakeContext) => Promise<void>): Promise<void> {
  const context = fakeContext();
  const app = await appWith(oipRoutes, context);
  try {
    await test(app, context);
  } finally {
    await app.close();
  }
}

/** JSON followed by bytes (binary extension). */
function binaryRequest(json: object, ...binaries: readonly Uint8Array[]): InjectOptions {
  const text = Buffer.from(JSON.stringify(json));
  return {
    method: "POST",
    url,
    headers: { "inference-header-content-length": String(text.length), "content-type": "application/octet-stream" },
    body: Buffer.concat([text, ...binaries]),
  };
}

describe("Open Inference Protocol", () => {
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

  const answered: readonly { readonly name: string; readonly request: object; readonly response: object }[] = [
    { name: "flat data", request: { inputs: [input] }, response: { ...head, outputs: [jsonOutput] } },
    {
      name: "nested data, an id and a requested output",
      request: {
        id: "7",
        inputs: [
          {
            ...input,
            data: [
              [
                [
                  [1, 2, 3],
                  [4, 5, 6],
                ],
              ],
            ],
          },
        ],
        outputs: [{ name: "output", parameters: { binary_data: false } }],
      },
      response: { ...head, id: "7", outputs: [jsonOutput] },
    },
    {
      // kserve#2944: clients of KServe serialize what is absent as null, or as an empty list.
      name: "null for what is absent",
      request: {
        id: null,
        parameters: null,
        inputs: [{ ...input, parameters: null }],
        outputs: [{ name: "output", parameters: null }],
      },
      response: { ...head, outputs: [jsonOutput] },
    },
    {
      name: "null in parameters",
      request: {
        parameters: { binary_data_output: null },
        inputs: [{ ...input, parameters: { binary_data_size: null, shared_memory_region: null } }],
        outputs: [{ name: "output", parameters: { binary_data: null, classification: null } }],
      },
      response: { ...head, outputs: [jsonOutput] },
    },
    ...[null, []].map((outputs) => ({
      name: `${JSON.stringify(outputs)} as outputs`,
      request: { inputs: [input], outputs },
      response: { ...head, outputs: [jsonOutput] },
    })),
    {
      name: "unknown parameters",
      request: { parameters: { sequence_id: 3 }, inputs: [{ ...input, parameters: { content_type: "np" } }] },
      response: { ...head, outputs: [jsonOutput] },
    },
  ];
  for (const { name, request, response } of answered) {
    it(`infers from JSON: ${name}`, () =>
      withApp(async (app) => {
        const answer = await app.inject({ method: "POST", url, payload: request });
        assert.deepEqual({ status: answer.statusCode, body: answer.json<unknown>() }, { status: 200, body: response });
      }));
  }

  it("answers outputs of float16 and of strings, as JSON and as bytes, and names their datatypes", () =>
    withApp(async (app, { pipeline }) => {
      const declared = (name: string, type: "float16" | "string") => ({ name, type, shape: [2] });
      assert.ok(pipeline.model);
      pipeline.model = { ...pipeline.model, outputs: [declared("score", "float16"), declared("label", "string")] };
      const half = new Uint8Array(Float16Array.of(0.5, -2).buffer);
      const labels = Uint8Array.of(1, 0, 0, 0, 0x61, 2, 0, 0, 0, 0xc3, 0xb6);
      pipeline.onInfer = () => ({
        outputs: [
          { ...declared("score", "float16"), bytes: half },
          { ...declared("label", "string"), bytes: labels },
        ],
        timings: { queue: 0, inference: 1 },
      });
      const metadata = (await app.inject("/v2/models/anime4k-2x")).json<{ outputs: { datatype: string }[] }>();
      assert.deepEqual(
        metadata.outputs.map(({ datatype }) => datatype),
        ["FP16", "BYTES"],
      );
      const json = await app.inject({ method: "POST", url, payload: { inputs: [input] } });
      assert.deepEqual(json.json<unknown>(), {
        ...head,
        outputs: [
          { name: "score", datatype: "FP16", shape: [2], data: [0.5, -2] },
          { name: "label", datatype: "BYTES", shape: [2], data: ["a", "ö"] },
        ],
      });
      const payload = { parameters: { binary_data_output: true }, inputs: [input] };
      const binary = await app.inject({ method: "POST", url, payload });
      const length = Number(binary.headers["inference-header-content-length"]);
      assert.deepEqual(new Uint8Array(binary.rawPayload.subarray(length)), Uint8Array.of(...half, ...labels));
    }));

  it("infers under the version's path, and without a content type", () =>
    withApp(async (app) => {
      const path = "/v2/models/anime4k-2x/versions/1/infer";
      const answer = await app.inject({ method: "POST", url: path, body: JSON.stringify({ inputs: [input] }) });
      assert.deepEqual(answer.json<unknown>(), { ...head, outputs: [jsonOutput] });
    }));

  const binaryInput = { name: "input", shape: [1, 1, 2, 3], datatype: "UINT8", parameters: { binary_data_size: 6 } };
  const binaries: readonly { readonly name: string; readonly request: object }[] = [
    {
      name: "by the request's parameter",
      request: { parameters: { binary_data_output: true }, inputs: [binaryInput] },
    },
    {
      name: "by the output's parameter",
      request: { inputs: [binaryInput], outputs: [{ name: "output", parameters: { binary_data: true } }] },
    },
  ];
  for (const { name, request } of binaries) {
    it(`infers from bytes to bytes, ${name}`, () =>
      withApp(async (app) => {
        const answer = await app.inject(binaryRequest(request, Uint8Array.from(pixels)));
        const length = Number(answer.headers["inference-header-content-length"]);
        assert.deepEqual(
          {
            status: answer.statusCode,
            type: answer.headers["content-type"],
            json: JSON.parse(answer.rawPayload.toString("utf8", 0, length)) as unknown,
            bytes: [...answer.rawPayload.subarray(length)],
          },
          {
            status: 200,
            type: "application/octet-stream",
            json: {
              ...head,
              outputs: [
                { name: "output", datatype: "UINT8", shape: [1, 2, 4, 3], parameters: { binary_data_size: 24 } },
              ],
            },
            bytes: doubledPixels,
          },
        );
      }));
  }

  for (const [encoding, compress] of Object.entries({ gzip: gzipSync, deflate: deflateSync })) {
    it(`infers from bytes that ${encoding} compresses, whose header counts the JSON before`, () =>
      withApp(async (app) => {
        const { headers = {}, body, ...request } = binaryRequest({ inputs: [binaryInput] }, Uint8Array.from(pixels));
        const answer = await app.inject({
          ...request,
          headers: { ...headers, "content-encoding": encoding },
          body: compress(body as Buffer),
        });
        assert.deepEqual(answer.json<unknown>(), { ...head, outputs: [jsonOutput] });
      }));
  }

  it("infers from bytes to JSON for an output that overrides the request's parameter", () =>
    withApp(async (app) => {
      const request = {
        parameters: { binary_data_output: true },
        inputs: [binaryInput],
        outputs: [{ name: "output", parameters: { binary_data: false } }],
      };
      const answer = await app.inject(binaryRequest(request, Uint8Array.from(pixels)));
      assert.equal(answer.headers["inference-header-content-length"], undefined);
      assert.deepEqual(answer.json<unknown>(), { ...head, outputs: [jsonOutput] });
    }));

  it("parses and encodes large JSON on a thread with the same result", () =>
    withApp(async (app) => {
      const data = Array.from({ length: 100 * 100 * 3 }, (_, index) => index % 251);
      const request = { inputs: [{ ...input, shape: [1, 100, 100, 3], data }] };
      const answer = await app.inject({ method: "POST", url, payload: request });
      const { outputs } = answer.json<{ outputs: { shape: number[]; data: number[] }[] }>();
      const { shape, data: doubled = [] } = outputs[0] ?? {};
      assert.deepEqual(
        { shape, first: doubled.slice(0, 9) },
        { shape: [1, 200, 200, 3], first: [0, 1, 2, 0, 1, 2, 3, 4, 5] },
      );
      assert.equal(doubled.length, 200 * 200 * 3);
      const wrong = await app.inject({
        method: "POST",
        url,
        payload: { inputs: [{ ...request.inputs[0], data: [...data, 1] }] },
      });
      assert.deepEqual(
        [wrong.statusCode, wrong.json<unknown>()],
        [400, { error: 'input "input": data has 30001 elements, shape [1,100,100,3] requires 30000' }],
      );
    }));

  it("answers the pipeline's errors with their status and Retry-After", () =>
    withApp(async (app, { pipeline }) => {
      pipeline.onInfer = () => {
        throw new PipelineError("queue-full", "256 requests are waiting", 2);
      };
      const { statusCode, headers, body } = await app.inject({ method: "POST", url, payload: { inputs: [input] } });
      assert.deepEqual(
        { statusCode, retryAfter: headers["retry-after"], body },
        { statusCode: 503, retryAfter: "2", body: '{"error":"256 requests are waiting"}' },
      );
    }));

  /** A request with `input`, changed. */
  const withInput = (change: object): object => ({ inputs: [{ ...input, ...change }] });
  const withOutputs = (...outputs: readonly object[]): object => ({ inputs: [input], outputs });
  const invalidShape = 'input "input": shape must be a list of up to 8 lengths';
  const mismatch = (shape: string): string =>
    `input "input" has shape ${shape}, the model requires [-1,-1,-1,3] (-1: any length from 1)`;
  const invalid: readonly (readonly [name: string, request: unknown, error: string, status?: number])[] = [
    ["a list", [1], "the request must be an object"],
    ["null", null, "the request must be an object"],
    ["no inputs", {}, "inputs must be a non-empty list"],
    ["empty inputs", { inputs: [] }, "inputs must be a non-empty list"],
    ["a number as input", { inputs: [3] }, "inputs[0] must be an object"],
    ["65 inputs", { inputs: Array.from({ length: 65 }, () => input) }, "inputs has more than 64 entries", 413],
    ["an input without a name", withInput({ name: "" }), "inputs[0] has no name"],
    ["an unknown input", withInput({ name: "x" }), 'no input "x"; the model has "input"'],
    ["a repeated input", { inputs: [input, input] }, 'input "input" is given 2 times'],
    [
      "an unknown datatype",
      withInput({ datatype: "BYTES" }),
      'input "input": datatype must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64',
    ],
    [
      "a datatype that the model does not have",
      withInput({ datatype: "FP32" }),
      'input "input" is FP32, the model requires UINT8',
    ],
    ["no shape", withInput({ shape: undefined }), invalidShape],
    ["a negative length", withInput({ shape: [1, -1, 2, 3] }), invalidShape],
    ["a fractional length", withInput({ shape: [1, 0.5, 2, 3] }), invalidShape],
    ["a length as a string", withInput({ shape: ["1", 1, 2, 3] }), invalidShape],
    [
      "a shape with too many elements to count",
      withInput({ shape: [1e15, 1e15, 2, 3] }),
      'input "input": shape [1000000000000000,1000000000000000,2,3] is too large',
    ],
    ["an empty tensor", withInput({ shape: [1, 0, 2, 3], data: [] }), mismatch("[1,0,2,3]")],
    ["three dimensions", withInput({ shape: [1, 2, 3] }), mismatch("[1,2,3]")],
    ["four channels", withInput({ shape: [1, 1, 1, 4], data: [1, 2, 3, 4] }), mismatch("[1,1,1,4]")],
    ["no data", withInput({ data: undefined }), 'input "input": data must be a list'],
    ["too little data", withInput({ data: [1] }), 'input "input": data has 1 elements, shape [1,1,2,3] requires 6'],
    [
      "256 as UINT8",
      withInput({ data: [1, 2, 3, 4, 5, 256] }),
      'input "input": element 5 of data is not a valid UINT8',
    ],
    [
      "a fraction as UINT8",
      withInput({ data: [1, 2, 3, 4, 5, 0.5] }),
      'input "input": element 5 of data is not a valid UINT8',
    ],
    [
      "a string as UINT8",
      withInput({ data: ["1", 2, 3, 4, 5, 6] }),
      'input "input": element 0 of data is not a valid UINT8',
    ],
    ["lists beside numbers", withInput({ data: [[1, 2, 3], 4, 5, 6] }), 'input "input": data mixes lists and numbers'],
    [
      "lists that do not match the shape",
      withInput({ data: [[1, 2, 3, 4, 5, 6]] }),
      'input "input": the lists in data do not match shape [1,1,2,3]',
    ],
    [
      "shared memory",
      withInput({ parameters: { shared_memory_region: "r" } }),
      'input "input": shared memory is not supported',
    ],
    ["a number as parameters", withInput({ parameters: 1 }), 'input "input": parameters must be an object'],
    [
      "both data and its size",
      withInput({ parameters: { binary_data_size: 6 } }),
      'input "input" has both data and binary_data_size',
    ],
    ["a size without data", { inputs: [binaryInput] }, 'input "input": the body ends within its binary data'],
    ["an unknown output", withOutputs({ name: "x" }), 'no output "x"; the model has "output"'],
    [
      "a repeated output",
      withOutputs({ name: "output" }, { name: "output" }),
      'output "output" is requested more than once',
    ],
    [
      "a classification",
      withOutputs({ name: "output", parameters: { classification: 1 } }),
      'output "output": classification is not supported',
    ],
    ["a number as id", { id: 7, inputs: [input] }, "id must be a string of up to 1024 characters"],
    [
      "a number as boolean",
      { inputs: [input], parameters: { binary_data_output: 1 } },
      "binary_data_output must be true or false",
    ],
  ];
  for (const [name, request, error, status = 400] of invalid) {
    it(`rejects ${name}`, () =>
      withApp(async (app, { counts }) => {
        const answer = await app.inject({ method: "POST", url, payload: JSON.stringify(request) });
        const expected = { status, body: { error }, invalid: 1 };
        assert.deepEqual(
          { status: answer.statusCode, body: answer.json<unknown>(), invalid: counts.invalid },
          expected,
        );
      }));
  }

  const post = (body?: string | Buffer, headers: Readonly<Record<string, string>> = {}): InjectOptions => ({
    method: "POST",
    url,
    ...(body !== undefined && { body }),
    headers,
  });
  const jsonLength = (length: string) => post("{}", { "inference-header-content-length": length });
  const notJson = /^the request is not JSON: /;
  const beyondBody = /^Inference-Header-Content-Length must be from 1 to 2, the length of the body$/;
  const bodies: readonly (readonly [name: string, request: InjectOptions, error: RegExp, status?: number])[] = [
    ["no body", post(), notJson],
    ["broken JSON", post('{"inputs": ['), notJson],
    ["bytes that are not UTF-8", post(Buffer.from([0x22, 0xff, 0x22])), /^the request is not JSON: not UTF-8$/],
    ["a million nested lists", post("[".repeat(1_000_000)), /^the request is nested more than 32 levels deep$/],
    ["a JSON length beyond the body", jsonLength("3"), beyondBody],
    ["a negative JSON length", jsonLength("-1"), beyondBody],
    ["a JSON length of zero", jsonLength("0"), beyondBody],
    [
      "too many bytes",
      binaryRequest({ inputs: [binaryInput] }, new Uint8Array(8)),
      /^2 bytes follow the binary data of the last input$/,
    ],
    [
      "too few bytes",
      binaryRequest({ inputs: [binaryInput] }, new Uint8Array(5)),
      /the body ends within its binary data$/,
    ],
    [
      "a size that does not match the shape",
      binaryRequest({ inputs: [{ ...binaryInput, parameters: { binary_data_size: 5 } }] }, new Uint8Array(5)),
      /^input "input": binary_data_size must be 6 for UINT8 of shape \[1,1,2,3\]$/,
    ],
    [
      "a body compressed by brotli",
      post("{}", { "content-encoding": "br" }),
      /^content-encoding br is not one of gzip, deflate$/,
      415,
    ],
    [
      "a body that is not what Content-Encoding states",
      post("{}", { "content-encoding": "gzip" }),
      /^the body cannot be decompressed: incorrect header check$/,
    ],
    [
      "a body that decompresses beyond the limit",
      post(gzipSync(Buffer.alloc(32 * 1024 * 1024 + 1)), { "content-encoding": "gzip" }),
      /^the body exceeds 33554432 bytes: send less/,
      413,
    ],
    [
      "a compressed body that is cut off",
      post(gzipSync(Buffer.alloc(99)).subarray(0, 20), { "content-encoding": "gzip" }),
      /^the body cannot be decompressed: unexpected end of file$/,
    ],
    ["a body over the limit", post(Buffer.alloc(32 * 1024 * 1024 + 1)), /./, 413],
    ["an unknown version", { ...post("{}"), url: "/v2/models/anime4k-2x/versions/0/infer" }, /has no version "0"/, 404],
  ];
  for (const [name, request, error, status = 400] of bodies) {
    it(`rejects ${name}, and serves the next request`, () =>
      withApp(async (app) => {
        const answer = await app.inject(request);
        const body = answer.json<{ error: string }>();
        assert.deepEqual({ status: answer.statusCode, members: Object.keys(body) }, { status, members: ["error"] });
        assert.match(body.error, error);
        const next = await app.inject({ method: "POST", url, payload: { inputs: [input] } });
        assert.equal(next.statusCode, 200);
      }));
  }
});
