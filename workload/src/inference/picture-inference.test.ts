/** Buckets, as on a GPU: where each new shape costs a search for the fastest algorithms. */
import assert from "node:assert/strict";
import { modelFile, pictureModelBytes } from "../testing/picture-models.ts";
import { knownPicture } from "./known-picture.ts";
import { learnContract } from "./learn-contract.ts";
import { tileRules } from "../core/tile-rules.ts";
import type { Size } from "../core/picture.ts";
import { PictureInference } from "./picture-inference.ts";
import { openSession } from "./session.ts";
import { warmUpBuckets } from "./trial.ts";

async function inference(bucketed: boolean): Promise<PictureInference> {
  const session = await openSession(modelFile(pictureModelBytes()), "cpu");
  const contract = await learnContract(session, {});
  return new PictureInference(session, contract, { ...tileRules(contract, { overlap: 16 }, null, "cpu"), bucketed });
}

const run = async (model: PictureInference, size: Size, count = 1) =>
  model.run(Buffer.concat(Array.from({ length: count }, () => knownPicture(size))), count, size);

describe("runs in buckets", () => {
  const sizes = [
    { width: 130, height: 100 },
    { width: 150, height: 110 },
    { width: 160, height: 112 },
  ];

  it("are cold once for all sizes of a bucket, and for each number of pictures", async () => {
    const model = await inference(true);
    for (const size of sizes) await run(model, size);
    assert.equal(model.takeColdRuns(), 1);
    for (const size of sizes) await run(model, size, 2);
    assert.equal(model.takeColdRuns(), 1);
    assert.equal(model.takeColdRuns(), 0);
  });

  it("are warm after the start for the sizes that were set, with one, two and four pictures", async () => {
    const model = await inference(true);
    await warmUpBuckets(model, { sizes: sizes.slice(0, 1), largestRun: () => 5, budgetMs: Number.POSITIVE_INFINITY });
    for (const count of [1, 2, 4]) await run(model, sizes[1] ?? assert.fail(), count);
    assert.equal(model.takeColdRuns(), 0);
    await run(model, { width: 300, height: 100 });
    assert.equal(model.takeColdRuns(), 1);
  });

  it("are left cold when the time for the start is over", async () => {
    const model = await inference(true);
    await warmUpBuckets(model, { sizes, largestRun: () => 1, budgetMs: 0 });
    await run(model, sizes[0] ?? assert.fail());
    assert.equal(model.takeColdRuns(), 1);
  });

  it("are not counted on a CPU, where shapes cost nothing", async () => {
    const model = await inference(false);
    for (const size of sizes) await run(model, size);
    assert.equal(model.takeColdRuns(), 0);
  });
});
