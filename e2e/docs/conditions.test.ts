/** docs/conditions.md has a row for every reason of a condition, and no other row. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const root = new URL("../../", import.meta.url);
const sources = [
  "operator/src/plan/failure.ts",
  "operator/src/status/available.ts",
  "operator/src/status/gpu-capacity.ts",
  "operator/src/status/pod-trouble.ts",
  "operator/src/status/ready.ts",
  "operator/src/status/scaling-ready.ts",
  "operator/src/status/utilization-verdicts.ts",
];

/** Returns the members of every `export type …Reason = "A" | "B";`. */
function reasonsOf(source: string): readonly string[] {
  const unions = source.matchAll(/export type \w*Reason =([^;]*);/g);
  return [...unions].flatMap(([, union = ""]) => [...union.matchAll(/"(\w+)"/g)].map(([, reason = ""]) => reason));
}

describe("docs/conditions.md", () => {
  it("has a row for every reason, and no other row", async () => {
    const texts = await Promise.all(sources.map((source) => readFile(new URL(source, root), "utf8")));
    const known = new Set(texts.flatMap(reasonsOf));
    const page = await readFile(new URL("docs/conditions.md", root), "utf8");
    const listed = new Set([...page.matchAll(/^\| `(\w+)`/gm)].map(([, reason = ""]) => reason));
    assert.ok(known.size > 40, "the unions were not found");
    assert.deepEqual([...listed].toSorted(), [...known].toSorted());
  });
});
