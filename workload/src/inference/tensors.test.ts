/** Element types of onnxruntime, on real sessions. */
import assert from "node:assert/strict";
import { elementType, type OnnxGraph } from "../models/onnx-graph.ts";
import { modelFile, pictureModelBytes } from "../testing/picture-models.ts";
import { openSession } from "./session.ts";
import { fromRaw, toRaw } from "./tensors.ts";

describe("tensors of onnxruntime", () => {
  it("of float16 go in and come out as the same bits", async () => {
    const session = await openSession(modelFile(pictureModelBytes({ type: "FLOAT16" })), "cpu");
    const half = new Uint8Array(Float16Array.of(0.1, 0.5, 1).buffer);
    const { output } = await session.run({
      input: fromRaw({ name: "input", type: "float16", shape: [1, 3, 1, 1], bytes: half }),
    });
    assert.ok(output);
    const doubled = [0.1, 0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1];
    const bytes = new Uint8Array(Float16Array.from(doubled).buffer);
    assert.deepEqual(toRaw("output", output), { name: "output", type: "float16", shape: [1, 3, 2, 2], bytes });
    await session.release();
  });

  it("of strings come out as in the protocol: each with its length in four bytes", async () => {
    const label = { name: "label", shape: [1, 3, "h", "w"], type: "STRING" as const };
    const more = [
      {
        port: label,
        nodes: (graph: OnnxGraph, x: string) => graph.node("Cast", [x], { to: elementType("STRING") }),
      },
    ];
    const session = await openSession(modelFile(pictureModelBytes({ scales: [1, 1, 1, 1], more })), "cpu");
    const numbers = new Uint8Array(Float32Array.of(0, 0.5, 1).buffer);
    const outputs = await session.run({
      input: fromRaw({ name: "input", type: "float32", shape: [1, 3, 1, 1], bytes: numbers }),
    });
    assert.ok(outputs["label"]);
    const text = (value: string) => [value.length, 0, 0, 0, ...Buffer.from(value)];
    const bytes = Uint8Array.from(["0", "0.5", "1"].flatMap(text));
    assert.deepEqual(toRaw("label", outputs["label"]), { name: "label", type: "string", shape: [1, 3, 1, 1], bytes });
    await session.release();
  });
});
