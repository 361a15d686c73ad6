import assert from "node:assert/strict";
import * as fc from "fast-check";
import { failed, passed, unreachable } from "../testing/results.ts";
import { readLoadTestResult } from "@gpumedia/api";
import type { Result } from "./result.ts";
import { terminationMessage } from "./termination-message.ts";

/** Failures with long words, more kinds than fit. */
function manyFailures(count: number, words = 160): Result["failures"] {
  return Array.from({ length: count }, (_, at) => ({
    kind: `http-${400 + at}` as const,
    count: count - at,
    example: "x".repeat(words),
  }));
}

describe("terminationMessage", () => {
  it("is the result without its details when that fits", () => {
    for (const result of [passed(), failed()]) {
      const { details: _details, ...outline } = result;
      assert.deepEqual(JSON.parse(terminationMessage(result)), outline);
    }
  });

  it("is the whole result of an unreachable target", () =>
    assert.deepEqual(JSON.parse(terminationMessage(unreachable)), unreachable));

  const stage = { mean: 1.234, p50: 1.234, p95: 1.234, max: 1.234 };
  const sixteenStages = Object.fromEntries(
    Array.from({ length: 16 }, (_, at) => [`${"stage".repeat(5)}-${at}`, stage]),
  );
  const cases: Readonly<Record<string, { changes: Partial<Result>; kept: object }>> = {
    "few failures, shorter messages": {
      changes: { failures: manyFailures(40) },
      kept: { failures: manyFailures(40, 80).slice(0, 5) },
    },
    "no stages": {
      changes: { failures: manyFailures(40), stages: sixteenStages, warnings: ["w".repeat(900)] },
      kept: { stages: {}, warnings: ["w".repeat(900)] },
    },
    "no warnings": {
      changes: { stages: sixteenStages, warnings: ["w".repeat(3000)] },
      kept: { stages: {}, warnings: [], reasons: failed().reasons },
    },
    "a part of the address": {
      changes: { target: `http://host/${"p".repeat(4000)}` },
      kept: { target: `http://host/${"p".repeat(188)}`, thresholds: failed().thresholds },
    },
  };
  for (const [name, { changes, kept }] of Object.entries(cases)) {
    it(`drops the least useful parts first: ${name}`, () => {
      const text = terminationMessage({ ...failed(), ...changes });
      assert.ok(Buffer.byteLength(text) <= 4096, `${Buffer.byteLength(text)} bytes`);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      assert.deepEqual(Object.fromEntries(Object.keys(kept).map((key) => [key, parsed[key]])), kept);
      assert.ok(!("problem" in readLoadTestResult(text)), "is still a result");
    });
  }

  it("never exceeds 4096 bytes and stays a valid result, whatever the text", () => {
    const words = fc.string({ unit: "binary", maxLength: 6000 });
    const changes = fc.record({
      reasons: fc.array(words, { maxLength: 8 }),
      warnings: fc.array(words, { maxLength: 8 }),
      target: words,
      failures: fc.array(fc.record({ kind: fc.constant("other" as const), count: fc.nat(), example: words }), {
        maxLength: 50,
      }),
    });
    fc.assert(
      fc.property(changes, (change) => {
        for (const result of [
          { ...failed(), ...change },
          { ...unreachable, target: change.target, reasons: change.reasons },
        ]) {
          const text = terminationMessage(result);
          assert.ok(Buffer.byteLength(text) <= 4096);
          const read = readLoadTestResult(text);
          assert.equal("problem" in read ? read.problem : read.verdict, result.verdict);
        }
      }),
      { numRuns: 50 },
    );
  });
});
