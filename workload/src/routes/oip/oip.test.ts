/** The protocol by vectors, written after the Open Inference Protocol's REST page and Triton's binary extension. */
import assert from "node:assert/strict";
import type { FastifyInstance, InjectOptions } from "fastify";
import { PipelineError } from "../../work/pipeline-error.ts";
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

/** JSON followed by bytes, as the binary extension has it. */
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
  const gets: readonly { readonly path: string; readonly status: number; readonly body: unknown }[] = [
    {
      path: "/v2",
      status: 200,
      body: { name: "gpumedia-processor", version: manifest.version, extensions: ["binary_tensor_data"] },
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
      name: "parameters that mean nothing to us",
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

  it("answers bytes for one request and JSON for the next, from bytes", () =>
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

  it("reads and writes large JSON on a thread, to the same effect", () =>
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
        [400, { error: 'input "input": data has 30001 elements, shape [1,100,100,3] wants another number' }],
      );
    }));

  it("answers the pipeline's refusals with their status, and with when to try again", () =>
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

  const refused: readonly {
    readonly name: string;
    readonly request: unknown;
    readonly error: string;
    readonly status?: number;
  }[] = [
    { name: "no object", request: [1], error: "the request is no object" },
    { name: "null", request: null, error: "the request is no object" },
    { name: "no inputs", request: {}, error: "inputs is no list of at least one" },
    { name: "empty inputs", request: { inputs: [] }, error: "inputs is no list of at least one" },
    { name: "inputs that are none", request: { inputs: [3] }, error: "inputs[0] is no object" },
    {
      name: "inputs without end",
      request: { inputs: Array.from({ length: 65 }, () => input) },
      error: "inputs has more than 64 members",
      status: 413,
    },
    { name: "an input without a name", request: { inputs: [{ ...input, name: "" }] }, error: "inputs[0] has no name" },
    {
      name: "an unknown input",
      request: { inputs: [{ ...input, name: "x" }] },
      error: 'there is no input "x"; the model has "input"',
    },
    { name: "an input twice", request: { inputs: [input, input] }, error: 'input "input" is there 2 times' },
    {
      name: "an unknown datatype",
      request: { inputs: [{ ...input, datatype: "BYTES" }] },
      error:
        'input "input": datatype is none of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64',
    },
    {
      name: "another datatype than the model's",
      request: { inputs: [{ ...input, datatype: "FP32" }] },
      error: 'input "input" is FP32, the model wants UINT8',
    },
    {
      name: "no shape",
      request: { inputs: [{ ...input, shape: undefined }] },
      error: 'input "input": shape is no list of up to 8 lengths',
    },
    {
      name: "a negative length",
      request: { inputs: [{ ...input, shape: [1, -1, 2, 3] }] },
      error: 'input "input": shape is no list of up to 8 lengths',
    },
    {
      name: "half a length",
      request: { inputs: [{ ...input, shape: [1, 0.5, 2, 3] }] },
      error: 'input "input": shape is no list of up to 8 lengths',
    },
    {
      name: "a length as text",
      request: { inputs: [{ ...input, shape: ["1", 1, 2, 3] }] },
      error: 'input "input": shape is no list of up to 8 lengths',
    },
    {
      name: "a size beyond numbers",
      request: { inputs: [{ ...input, shape: [1e15, 1e15, 2, 3] }] },
      error: 'input "input": shape [1000000000000000,1000000000000000,2,3] is too large',
    },
    {
      name: "nothing in it",
      request: { inputs: [{ ...input, shape: [1, 0, 2, 3], data: [] }] },
      error: 'input "input" has shape [1,0,2,3], the model wants [-1,-1,-1,3] (-1: any from 1)',
    },
    {
      name: "three dimensions",
      request: { inputs: [{ ...input, shape: [1, 2, 3] }] },
      error: 'input "input" has shape [1,2,3], the model wants [-1,-1,-1,3] (-1: any from 1)',
    },
    {
      name: "four channels",
      request: { inputs: [{ ...input, shape: [1, 1, 1, 4], data: [1, 2, 3, 4] }] },
      error: 'input "input" has shape [1,1,1,4], the model wants [-1,-1,-1,3] (-1: any from 1)',
    },
    {
      name: "no data",
      request: { inputs: [{ ...input, data: undefined }] },
      error: 'input "input": data is not a list',
    },
    {
      name: "too little data",
      request: { inputs: [{ ...input, data: [1] }] },
      error: 'input "input": data has 1 elements, shape [1,1,2,3] wants another number',
    },
    {
      name: "256 as UINT8",
      request: { inputs: [{ ...input, data: [1, 2, 3, 4, 5, 256] }] },
      error: 'input "input": element 5 of data is no UINT8',
    },
    {
      name: "a fraction",
      request: { inputs: [{ ...input, data: [1, 2, 3, 4, 5, 0.5] }] },
      error: 'input "input": element 5 of data is no UINT8',
    },
    {
      name: "text",
      request: { inputs: [{ ...input, data: ["1", 2, 3, 4, 5, 6] }] },
      error: 'input "input": element 0 of data is no UINT8',
    },
    {
      name: "lists and numbers",
      request: { inputs: [{ ...input, data: [[1, 2, 3], 4, 5, 6] }] },
      error: 'input "input": data mixes lists and numbers',
    },
    {
      name: "lists of other lengths",
      request: { inputs: [{ ...input, data: [[1, 2, 3, 4, 5, 6]] }] },
      error: 'input "input": the lists in data do not have the lengths of shape [1,1,2,3]',
    },
    {
      name: "shared memory",
      request: { inputs: [{ ...input, parameters: { shared_memory_region: "r" } }] },
      error: 'input "input": shared memory is not supported',
    },
    {
      name: "parameters that are none",
      request: { inputs: [{ ...input, parameters: 1 }] },
      error: 'input "input": parameters is no object',
    },
    {
      name: "data and its size",
      request: { inputs: [{ ...input, parameters: { binary_data_size: 6 } }] },
      error: 'input "input" has both data and binary_data_size',
    },
    {
      name: "a size without data",
      request: { inputs: [binaryInput] },
      error: 'input "input": the body ends before its binary data does',
    },
    {
      name: "an unknown output",
      request: { inputs: [input], outputs: [{ name: "x" }] },
      error: 'there is no output "x"; the model has "output"',
    },
    {
      name: "an output twice",
      request: { inputs: [input], outputs: [{ name: "output" }, { name: "output" }] },
      error: 'output "output" is asked for twice',
    },
    {
      name: "a classification",
      request: { inputs: [input], outputs: [{ name: "output", parameters: { classification: 1 } }] },
      error: 'output "output": classification is not supported',
    },
    {
      name: "an id that is no text",
      request: { id: 7, inputs: [input] },
      error: "id is no text of up to 1024 characters",
    },
    {
      name: "a switch that is none",
      request: { inputs: [input], parameters: { binary_data_output: 1 } },
      error: "binary_data_output is neither true nor false",
    },
  ];
  for (const { name, request, error, status = 400 } of refused) {
    it(`refuses ${name}`, () =>
      withApp(async (app, { counts }) => {
        const answer = await app.inject({ method: "POST", url, payload: JSON.stringify(request) });
        const { invalid } = counts;
        const expected = { status, body: { error }, invalid: 1 };
        assert.deepEqual({ status: answer.statusCode, body: answer.json<unknown>(), invalid }, expected);
      }));
  }

  const bodies: readonly {
    readonly name: string;
    readonly request: InjectOptions;
    readonly error: RegExp;
    readonly status?: number;
  }[] = [
    { name: "no body", request: { method: "POST", url }, error: /^the request is not JSON: / },
    {
      name: "broken JSON",
      request: { method: "POST", url, body: '{"inputs": [' },
      error: /^the request is not JSON: /,
    },
    {
      name: "bytes that are no text",
      request: { method: "POST", url, body: Buffer.from([0x22, 0xff, 0x22]) },
      error: /^the request is not JSON: not UTF-8$/,
    },
    {
      name: "a million lists in each other",
      request: { method: "POST", url, body: "[".repeat(1_000_000) },
      error: /^the request is nested more than 32 deep$/,
    },
    {
      name: "a JSON length beyond the body",
      request: { method: "POST", url, body: "{}", headers: { "inference-header-content-length": "3" } },
      error: /no length within the body of 2 bytes$/,
    },
    {
      name: "a JSON length that is none",
      request: { method: "POST", url, body: "{}", headers: { "inference-header-content-length": "-1" } },
      error: /no length within the body of 2 bytes$/,
    },
    {
      name: "a JSON length of zero",
      request: { method: "POST", url, body: "{}", headers: { "inference-header-content-length": "0" } },
      error: /no length within the body of 2 bytes$/,
    },
    {
      name: "bytes too many",
      request: binaryRequest({ inputs: [binaryInput] }, new Uint8Array(8)),
      error: /^2 bytes of binary data belong to no input$/,
    },
    {
      name: "bytes too few",
      request: binaryRequest({ inputs: [binaryInput] }, new Uint8Array(5)),
      error: /the body ends before its binary data does$/,
    },
    {
      name: "another size than the shape's",
      request: binaryRequest({ inputs: [{ ...binaryInput, parameters: { binary_data_size: 5 } }] }, new Uint8Array(5)),
      error: /^input "input": UINT8 of shape \[1,1,2,3\] is 6 bytes, not binary_data_size$/,
    },
    {
      name: "a compressed body",
      request: { method: "POST", url, body: "{}", headers: { "content-encoding": "gzip" } },
      error: /^compressed requests are not supported$/,
      status: 415,
    },
    {
      name: "a body over the limit",
      request: { method: "POST", url, body: Buffer.alloc(10 * 1024 * 1024 + 1) },
      error: /./,
      status: 413,
    },
    {
      name: "an unknown version",
      request: { method: "POST", url: "/v2/models/anime4k-2x/versions/0/infer", body: "{}" },
      error: /has no version "0"/,
      status: 404,
    },
  ];
  for (const { name, request, error, status = 400 } of bodies) {
    it(`refuses ${name}, and serves the next request`, () =>
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
