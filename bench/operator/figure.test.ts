import assert from "node:assert/strict";
import { markdownTable } from "./figure.ts";

describe("the report's table", () => {
  it("shows value, goal and verdict of each figure", () => {
    const table = markdownTable([
      { what: "children per second", value: 212.4, unit: "/s", goal: { is: "at least", than: 200 } },
      { what: "restart", value: 3, unit: "writes", goal: { is: "at most", than: 0 }, note: "1000 services" },
      { what: "reads", value: 12.345, unit: "" },
      { what: "latency", value: Number.NaN, unit: "ms", goal: { is: "at most", than: 20 } },
    ]);
    assert.deepEqual(table.split("\n"), [
      "| what | measured | goal | met |",
      "| --- | --: | --: | --- |",
      "| children per second | 212 /s | ≥ 200 | yes |",
      "| restart (1000 services) | 3 writes | ≤ 0 | **no** |",
      "| reads | 12.3  |  |  |",
      "| latency | ? ms | ≤ 20 | **no** |",
    ]);
  });
});
