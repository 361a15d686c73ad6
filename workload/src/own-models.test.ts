/** Models as their exporters write them, served as a user does: what works alone works under load, and no valid picture gets a 500. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { elementType } from "./models/onnx-graph.ts";
import { realProcessor } from "./routes/testing/real-processor.ts";
import {
  bakedBatch,
  bakedSize,
  modelFile,
  pictureModelBytes,
  unshuffled,
  windows,
  type PictureModelParts,
} from "./testing/picture-models.ts";

const all4 = ["batch_size", "num_channels", "height", "width"];

/** Statuses and sizes of the answers to 32 requests at once for each size, without repetitions. */
async function answers(url: string): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (const [width, height] of [
    [48, 32],
    [191, 127],
    [1, 1],
    [7, 100],
  ] as const) {
    const body = await sharp({ create: { width, height, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const request = { method: "POST", headers: { "content-type": "image/png", accept: "image/png" }, body };
    const all = Array.from({ length: 32 }, async () => {
      const answer = await fetch(`${url}/v1/process`, request);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const result = answer.ok ? await sharp(bytes).metadata() : undefined;
      return `${width}x${height} ${answer.status} ${result?.width}x${result?.height}`;
    });
    for (const one of await Promise.all(all)) seen.add(one);
  }
  return [...seen];
}

describe("a model of one's own", () => {
  const models: readonly (readonly [title: string, parts: PictureModelParts])[] = [
    ["with a batch of 1 in its graph", { before: bakedBatch }],
    ["with the size of its example in its graph", { before: bakedSize(64) }],
    ["whose four dimensions are named", { inputShape: all4, outputShape: all4 }],
    ["with windows of 12 pixels", { before: windows(12) }],
    ["with even sides", { before: unshuffled }],
    ["with a fixed size", { inputShape: [1, 3, 64, 64], outputShape: [1, 3, 128, 128] }],
    ["of float16", { type: "FLOAT16" }],
  ];
  for (const [title, parts] of models) {
    it(`${title} answers pictures of all sizes, 32 at once`, async () => {
      const model = { name: "mine", path: modelFile(pictureModelBytes(parts)) };
      await using processor = await realProcessor({ model });
      const expected = ["48x32 200 96x64", "191x127 200 382x254", "1x1 200 2x2", "7x100 200 14x200"];
      assert.deepEqual(await answers(processor.url), expected);
      assert.deepEqual(processor.errors, []);
    });
  }

  it("with a second output of float16 answers it in the inference API, and the picture alone", async () => {
    const score = {
      port: { name: "score", shape: [1, 3, 1, 1], type: "FLOAT16" as const },
      nodes: (graph: Parameters<typeof bakedBatch>[0], x: string) =>
        graph.node("Cast", [graph.node("GlobalAveragePool", [x])], { to: elementType("FLOAT16") }),
    };
    const model = { name: "mine", path: modelFile(pictureModelBytes({ more: [score] })) };
    await using processor = await realProcessor({ model });
    const infer = async (request: object) => {
      const inputs = [{ name: "input", shape: [1, 3, 1, 1], datatype: "FP32", data: [0, 0.5, 1] }];
      const body = JSON.stringify({ inputs, ...request });
      const answer = await fetch(`${processor.url}/v2/models/mine/infer`, { method: "POST", body });
      const { outputs } = (await answer.json()) as { outputs: { name: string; data: unknown }[] };
      return outputs.map(({ name, data }) => [name, data]);
    };
    const picture = ["output", [0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1]];
    assert.deepEqual(await infer({}), [picture, ["score", [0, 0.5, 1]]]);
    assert.deepEqual(await infer({ outputs: [{ name: "output" }] }), [picture]);
  });

  it("gets a 400, not a 500, for tensors that it does not take, and its worker stays", async () => {
    const model = { name: "mine", path: modelFile(pictureModelBytes({ before: windows(8) })) };
    await using processor = await realProcessor({ model, workers: 1 });
    for (let request = 0; request < 4; request++) {
      const inputs = [
        { name: "input", shape: [1, 3, 1, 3], datatype: "FP32", data: Array.from({ length: 9 }, () => 0) },
      ];
      const body = JSON.stringify({ inputs });
      const answer = await fetch(`${processor.url}/v2/models/mine/infer`, { method: "POST", body });
      const { error } = (await answer.json()) as { error: string };
      assert.equal(answer.status, 400);
      assert.match(error, /Reshape/);
    }
    assert.match(await (await fetch(`${processor.url}/metrics`)).text(), /\ngpumedia_worker_restarts 0\n/);
  });
});
