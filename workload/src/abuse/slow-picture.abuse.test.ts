import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { UtilizationReport } from "@gpumedia/api";
import { loadSharp } from "../codec/libraries.ts";
import { smallPicture } from "./pictures.ts";
import { processorProcess } from "./processor-process.ts";

describe("a picture that takes many times the request timeout", () => {
  // Bug: it brought down the process, because the worker's thread was terminated within onnxruntime.
  it("fails its own request only", async () => {
    await using processor = await processorProcess({
      GPUMEDIA_WORKERS: "1",
      GPUMEDIA_MODEL_SIZE: "l",
      GPUMEDIA_REQUEST_TIMEOUT: "500ms",
    });
    const post = async (body: Buffer): Promise<number> => {
      const headers = { "content-type": "application/octet-stream" };
      const response = await fetch(`${processor.url}/v1/process`, {
        method: "POST",
        body: new Uint8Array(body),
        headers,
      });
      await response.arrayBuffer();
      return response.status;
    };
    const large = { width: 2000, height: 1500, channels: 3, background: "black" } as const;
    assert.equal(await post(await loadSharp()({ create: large }).png().toBuffer()), 504);
    const restarts = async (): Promise<number> => {
      const { workers } = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
      return workers.restarts;
    };
    while ((await restarts()) === 0) await pause(20);
    const small = await smallPicture("jpeg");
    while ((await post(small)) !== 200) await pause(20);
  });
});
