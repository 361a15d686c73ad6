import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, passed, unreachable } from "../testing/results.ts";
import { parseEarlierResult, readEarlierResult, whyNotComparable } from "./earlier-result.ts";
import type { LoadDescription } from "./result.ts";
import { terminationMessage } from "./termination-message.ts";

function noResult(field: string, problem: string): string {
  return `f: not a load-test result: ${field} ${problem}`;
}

describe("an earlier result", () => {
  const readable = {
    "the full JSON": { text: JSON.stringify(passed()) },
    "a termination message": { text: terminationMessage(passed()) },
    "nothing accepted": {
      text: JSON.stringify({ ...passed(), figures: { ...passed().figures, latencyMs: null } }),
    },
  };
  for (const [name, { text }] of Object.entries(readable)) {
    it(`${name} can be compared with`, async () =>
      assert.deepEqual(await parseEarlierResult("f", text), JSON.parse(text)));
  }

  const rejected = {
    "text that is not JSON": { text: "p95: 20", message: "f: not JSON" },
    "a list": { text: "[]", message: noResult("", "must be object") },
    "another version": {
      text: JSON.stringify({ ...passed(), schema: "v0" }),
      message: noResult("/schema", "must be equal to constant"),
    },
    "an unreachable target": {
      text: JSON.stringify(unreachable),
      message: "f: its target was unreachable, so it has no figures",
    },
    "a figure that is not a number": {
      text: JSON.stringify({ ...passed(), figures: { ...passed().figures, requestsPerSecond: "fast" } }),
      message: noResult("/figures/requestsPerSecond", "must be number"),
    },
  };
  for (const [name, { text, message }] of Object.entries(rejected)) {
    it(`${name} is rejected`, async () =>
      assert.deepEqual(await parseEarlierResult("f", text), { kind: "unreadable-result", message }));
  }

  it("names a missing file", async () => {
    const file = join(tmpdir(), "loadtest-no-such-result.json");
    const message = `${file}: ENOENT: no such file or directory, open '${file}'`;
    assert.deepEqual(await readEarlierResult(file), { kind: "unreadable-result", message });
  });
});

describe("whyNotComparable", () => {
  const cases: readonly { name: string; now: Partial<LoadDescription>; reason: string | null }[] = [
    { name: "the same load", now: {}, reason: null },
    { name: "a longer run", now: { requests: 1000, durationSeconds: 60 }, reason: null },
    { name: "a higher concurrency", now: { concurrency: 50 }, reason: "its concurrency was 10, this one is 50" },
    { name: "an open loop", now: { ratePerSecond: 100 }, reason: "its rate was closed loop, this one is 100/s" },
    { name: "other pictures", now: { picturesDigest: "cd" }, reason: "it sent other pictures" },
  ];
  for (const { name, now, reason } of cases) {
    it(`${name}: ${reason ?? "comparable"}`, () => assert.equal(whyNotComparable(load, { ...load, ...now }), reason));
  }
});
