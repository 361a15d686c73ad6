/** Inferences from the Open Inference Protocol's REST page and Triton's binary extension. */
import assert from "node:assert/strict";
import { deflateSync, gzipSync } from "node:zlib";
import { PipelineError } from "../../core/pipeline-error.ts";
import {
  binaryInput,
  binaryRequest,
  doubledPixels,
  head,
  input,
  jsonOutput,
  pixels,
  url,
  withApp,
} from "./testing/oip-app.ts";

describe("an inference", () => {
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
});
