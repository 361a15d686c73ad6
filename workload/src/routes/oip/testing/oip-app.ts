/** An app with the routes of the Open Inference Protocol and a model that doubles pixels, and requests to it. */
import type { FastifyInstance, InjectOptions } from "fastify";
import { appWith, type FakeContext, fakeContext } from "../../testing/fake-context.ts";
import { oipRoutes } from "../oip.ts";

/** Of inferences. */
export const url = "/v2/models/anime4k-2x/infer";
export const pixels = [1, 2, 3, 4, 5, 6];
export const input = { name: "input", shape: [1, 1, 2, 3], datatype: "UINT8", data: pixels };
const row = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6];
export const doubledPixels = [...row, ...row];
export const jsonOutput = { name: "output", datatype: "UINT8", shape: [1, 2, 4, 3], data: doubledPixels };
export const head = { model_name: "anime4k-2x", model_version: "1" };

export async function withApp(test: (app: FastifyInstance, context: FakeContext) => Promise<void>): Promise<void> {
  const context = fakeContext();
  const app = await appWith(oipRoutes, context);
  try {
    await test(app, context);
  } finally {
    await app.close();
  }
}

/** The same input, whose bytes follow the JSON. */
export const binaryInput = {
  name: "input",
  shape: [1, 1, 2, 3],
  datatype: "UINT8",
  parameters: { binary_data_size: 6 },
};

/** JSON followed by bytes (binary extension). */
export function binaryRequest(json: object, ...binaries: readonly Uint8Array[]): InjectOptions {
  const text = Buffer.from(JSON.stringify(json));
  return {
    method: "POST",
    url,
    headers: { "inference-header-content-length": String(text.length), "content-type": "application/octet-stream" },
    body: Buffer.concat([text, ...binaries]),
  };
}
