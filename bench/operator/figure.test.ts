import assert from "node:assert/strict";
import { markdownTable } from "./figure.ts";

describe("the report's table", () => {
  it("shows value, target and verdict of each result", () => {
    const table = markdownTable([
      { what: "children per second", value: 212.4, unit: "/s", atLeast: 200 },
      { what: "restart", value: 3, unit: "writes", atMost: 0, note: "1000 services" },
      { what: "reads", value: 12.345, unit: "" },
      { what: "latency", value: Number.NaN, unit: "ms", atMost: 20 },
    ]);
    assert.deepEqual(table.split("\n"), [
      "| what | measured | target | met |",
      "| --- | --: | --: | --- |",
      "| children per second | 212 /s | ≥ 200 | yes |",
      "| restart (1000 services) | 3 writes | ≤ 0 | **no** |",
      "| reads | 12.3  |  |  |",
      "| latency | ? ms | ≤ 20 | **no** |",
    ]);
  });
});
