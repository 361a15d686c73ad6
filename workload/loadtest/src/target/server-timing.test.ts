import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type StageTiming, parseServerTiming } from "./server-timing.ts";

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

describe("parseServerTiming", () => {
  const cases: readonly { header: string; stages: StageTiming[] }[] = [
    { header: "", stages: [] },
    { header: "queue;dur=1.2", stages: [{ stage: "queue", ms: 1.2 }] },
    {
      header: "queue;dur=1.2, decode;dur=3,inference ; dur = 8.25",
      stages: [
        { stage: "queue", ms: 1.2 },
        { stage: "decode", ms: 3 },
        { stage: "inference", ms: 8.25 },
      ],
    },
    { header: 'db;desc="a, b; dur=9";dur=2', stages: [{ stage: "db", ms: 2 }] },
    { header: 'db;desc="a \\" , x;dur=1";dur=2', stages: [{ stage: "db", ms: 2 }] },
    { header: 'cache;desc="hit", db;DUR="4.5"', stages: [{ stage: "db", ms: 4.5 }] },
    { header: "miss", stages: [] },
    { header: "a;dur=-1, b;dur=fast, c;dur=1e3, d;dur=, e;dur=1", stages: [{ stage: "e", ms: 1 }] },
    { header: "sp ace;dur=1, ;dur=2, ok;dur=3", stages: [{ stage: "ok", ms: 3 }] },
    { header: `${"x".repeat(33)};dur=1, ok;dur=2`, stages: [{ stage: "ok", ms: 2 }] },
    { header: 'open;desc="no end, b;dur=1', stages: [] },
  ];
  for (const { header, stages } of cases) {
    it(header || "no header", () => assert.deepEqual(parseServerTiming(header), stages));
  }

  it("reads what was written, whatever the descriptions hold", () => {
    const stage = fc.record({
      stage: fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/),
      ms: fc.integer({ min: 0, max: 100_000 }).map((tenths) => tenths / 10),
      description: fc.stringMatching(/^[ a-z,;="\\]{0,12}$/),
    });
    fc.assert(
      fc.property(fc.array(stage, { maxLength: 16 }), (written) => {
        const header = written
          .map(({ stage, ms, description }) => `${stage};desc=${quoted(description)};dur=${ms}`)
          .join(", ");
        assert.deepEqual(
          parseServerTiming(header),
          written.map(({ stage, ms }) => ({ stage, ms })),
        );
      }),
    );
  });

  it("stops at 16 stages: a server cannot make the result large", () => {
    const header = Array.from({ length: 40 }, (_, at) => `s${at};dur=1`).join(",");
    assert.equal(parseServerTiming(header).length, 16);
  });
});
