import assert from "node:assert/strict";
import { JsonWork } from "./json-work.ts";

/** A request that is large enough for the thread. */
function body(pixels: number): Buffer<ArrayBuffer> {
  const data = Array.from({ length: pixels * 3 }, () => 200);
  return Buffer.from(
    JSON.stringify({ inputs: [{ name: "image", shape: [1, 1, pixels, 3], datatype: "UINT8", data }] }),
  );
}

describe("JSON of tensors on a thread", () => {
  it("rejects at once while 32 bodies wait", async () => {
    const json = new JsonWork();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, async () => json.parse(body(30_000), undefined)),
    );
    const kinds = outcomes.map((outcome) =>
      outcome.status === "fulfilled" ? "parsed" : (outcome.reason as { kind: string }).kind,
    );
    assert.deepEqual(
      [kinds.filter((kind) => kind === "parsed").length, kinds.filter((kind) => kind === "queue-full").length],
      [32, 8],
    );
    await json.close();
  });

  const most = 16 * 2 ** 20;
  const greedy = `{"inputs":[${"{},".repeat(Math.floor((most - 20) / 3))}0]}`;

  it("survives the most memory-hungry body it accepts", async () => {
    const json = new JsonWork();
    await assert.rejects(json.parse(Buffer.from(greedy), undefined), {
      status: 413,
      message: "inputs has more than 64 entries",
    });
    const { inputs } = await json.parse(body(30_000), undefined);
    assert.deepEqual(
      inputs.map(({ shape }) => shape),
      [[1, 1, 30_000, 3]],
    );
    await json.close();
  });

  it("rejects longer JSON, which could exhaust the memory", async () => {
    const json = new JsonWork();
    await assert.rejects(json.parse(Buffer.alloc(most + 1, " "), undefined), {
      status: 413,
      message: "the JSON exceeds 16777216 bytes; send tensors as binary data",
    });
    await json.close();
  });
});
