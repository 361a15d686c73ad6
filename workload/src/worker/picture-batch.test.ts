/** What a worker does when a run of the model fails, on real sessions whose contract is wrong on purpose. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { readPictureHeader } from "../codec/picture-header.ts";
import { learnContract } from "../inference/learn-contract.ts";
import { tileRules } from "../core/tile-rules.ts";
import { PictureInference } from "../inference/picture-inference.ts";
import { openSession } from "../inference/session.ts";
import {
  bakedBatch,
  modelFile,
  pictureModelBytes,
  windows,
  type PictureModelParts,
} from "../testing/picture-models.ts";
import type { ModelContract } from "../core/model-contract.ts";
import type { TaskResult } from "./messages.ts";
import { PictureWorker } from "./picture-batch.ts";

/** Processes three pictures in one run. */
async function results(
  parts: PictureModelParts,
  wrong: Partial<ModelContract>,
  stillWorks: boolean,
): Promise<readonly TaskResult[]> {
  const session = await openSession(modelFile(pictureModelBytes(parts)), "cpu");
  const contract = { ...(await learnContract(session, {})), ...wrong };
  const inference = new PictureInference(session, contract, tileRules(contract, { overlap: 16 }, null, "cpu"));
  const worker = new PictureWorker(inference, async () => stillWorks);
  const colours = ["red", "lime", "blue"];
  const pictures = await Promise.all(
    colours.map(async (background) =>
      sharp({ create: { width: 13, height: 9, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const tasks = pictures.map((bytes, id) => ({
    id,
    bytes: new Uint8Array(bytes),
    options: { format: "png" as const, quality: 85 },
  }));
  const headers = tasks.map(({ bytes }) => {
    const reading = readPictureHeader(bytes);
    return reading.kind === "picture" ? reading.header : assert.fail(reading.message);
  });
  const all: TaskResult[] = [];
  await worker.process({ kind: "pictures", runSize: 3, headers, tasks }, (part) => all.push(...part));
  return all;
}

describe("a run that fails", () => {
  it("is repeated picture by picture if it had several", async () => {
    const colours = (await results({ before: bakedBatch }, { batches: true }, true)).map(async (result) => {
      assert.ok(result.kind === "picture", JSON.stringify(result));
      assert.deepEqual([result.width, result.height, result.batchSize], [26, 18, 1]);
      const { data } = await sharp(result.body).raw().toBuffer({ resolveWithObject: true });
      return [...data.subarray(0, 3)];
    });
    assert.deepEqual(await Promise.all(colours), [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ]);
  });

  const expected = [
    ["is the picture's fault if the model still answers a known picture", true, "wrong-size", undefined],
    ["is the session's fault if the model does not", false, "inference-failed", true],
  ] as const;
  for (const [title, stillWorks, error, sessionFailed] of expected) {
    it(title, async () => {
      const failures = await results({ before: windows(8) }, { sizeMultiple: 1, smallestSide: 1 }, stillWorks);
      assert.equal(failures.length, 3);
      for (const failure of failures) {
        assert.ok(failure.kind === "failed");
        assert.deepEqual([failure.error, failure.sessionFailed], [error, sessionFailed]);
        assert.match(failure.message, stillWorks ? /^the model failed on a picture of 13x9: .*Reshape/ : /Reshape/);
      }
    });
  }
});

describe("the memory of a worker", () => {
  const cases = [
    ["a large picture", { width: 1600, height: 1400 }, 1],
    ["a run that is large together", { width: 1600, height: 940 }, 2],
  ] as const;
  for (const [what, size, count] of cases) {
    it(`is freed after ${what}, as the decoder of the next one needs as much again`, async () => {
      const session = await openSession(modelFile(pictureModelBytes({})), "cpu");
      const contract = await learnContract(session, {});
      const inference = new PictureInference(session, contract, tileRules(contract, { overlap: 16 }, null, "cpu"));
      const worker = new PictureWorker(inference, async () => true);
      const png = await sharp({ create: { ...size, channels: 3, background: "red" } })
        .png()
        .toBuffer();
      const reading = readPictureHeader(png);
      const header = reading.kind === "picture" ? reading.header : assert.fail(reading.message);
      const tasks = Array.from({ length: count }, (_, id) => ({
        id,
        bytes: new Uint8Array(png),
        options: { format: "jpeg" as const, quality: 85 },
      }));
      const before = process.memoryUsage().arrayBuffers;
      const batchSizes: unknown[] = [];
      await worker.process({ kind: "pictures", runSize: count, headers: tasks.map(() => header), tasks }, (part) =>
        batchSizes.push(...part.map((result) => result.kind === "picture" && result.batchSize)),
      );
      assert.deepEqual(
        batchSizes,
        tasks.map(() => count),
      );
      const kept = process.memoryUsage().arrayBuffers - before;
      // All buffers together are 75 bytes a pixel; the model's input, as floats, is 12 of them.
      assert.ok(kept <= size.width * size.height * count, `${kept} bytes`);
    });
  }
});
