/** Requests to paths that do not exist, and by methods that a path does not support. */
import assert from "node:assert/strict";
import type { Problem } from "./problem.ts";
import { realProcessor, type RealProcessor } from "./testing/real-processor.ts";

describe("a request that no route serves", () => {
  let processor: RealProcessor;
  before(async () => {
    processor = await realProcessor({ workers: 1 });
  });
  after(async () => processor[Symbol.asyncDispose]());

  const wrongMethods = [
    { method: "GET", path: "/v1/process", allow: "POST, OPTIONS" },
    { method: "POST", path: "/livez?verbose", allow: "GET, HEAD, OPTIONS" },
    { method: "GET", path: "/v2/models/anime4k-2x/infer", allow: "POST, OPTIONS" },
  ];
  for (const { method, path, allow } of wrongMethods) {
    it(`answers ${method} ${path} with 405 and Allow: ${allow}`, async () => {
      const response = await fetch(`${processor.url}${path}`, { method });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
      const { detail, error } = (await response.json()) as Problem & { error?: string };
      assert.equal(error ?? detail, `${path.replace(/\?.*/, "")} supports ${allow}, not ${method}`);
    });
  }

  const belowV2: readonly (readonly [method: string, path: string, status: number, error: string])[] = [
    ["GET", "/v2/trace/setting", 404, "no such path: /v2/trace/setting"],
    ["POST", "/v2/repository/models/x/load", 404, "no such path: /v2/repository/models/x/load"],
    ["POST", "/v2", 405, "/v2 supports GET, HEAD, OPTIONS, not POST"],
    ["GET", "/v2/%zz", 400, "'/v2/%zz' is not a valid url component"],
  ];
  for (const [method, path, status, error] of belowV2) {
    it(`answers ${method} ${path} in the shape of the Open Inference Protocol`, async () => {
      const response = await fetch(`${processor.url}${path}`, { method });
      assert.deepEqual([response.status, await response.json()], [status, { error }]);
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    });
  }

  it("answers an unknown path with 404", async () => {
    const response = await fetch(`${processor.url}/v1/processed`);
    assert.deepEqual(await response.json(), {
      type: "urn:gpumedia:problem:not-found",
      title: "No such path",
      status: 404,
      detail: "no such path: /v1/processed",
    });
    assert.equal(response.headers.get("content-type"), "application/problem+json");
  });
});
