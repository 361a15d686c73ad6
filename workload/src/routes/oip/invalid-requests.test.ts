/** Inferences that are refused, each with the reason in the shape of the Open Inference Protocol. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { InjectOptions } from "fastify";
import { binaryInput, binaryRequest, input, url, withApp } from "./testing/oip-app.ts";

describe("an invalid inference", () => {
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
