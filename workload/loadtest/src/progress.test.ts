import assert from "node:assert/strict";
import { mock } from "node:test";
import { type ProgressFigures, progressLine, showProgress } from "./progress.ts";
import { steadyTally } from "./testing/results.ts";

const forever = Number.POSITIVE_INFINITY;

describe("progressLine", () => {
  const begun: ProgressFigures = { elapsedMs: 0, ended: 0, failed: 0, rejected: 0, p95Ms: null };
  const cases: readonly {
    load: { requests: number; durationMs: number };
    figures: Partial<ProgressFigures>;
    line: string;
  }[] = [
    { load: { requests: 100, durationMs: forever }, figures: {}, line: "░░░░░░░░░░░░░░░░░░░░   0 %  0/100  0/s" },
    {
      load: { requests: 100, durationMs: forever },
      figures: { elapsedMs: 2000, ended: 42, p95Ms: 18.25 },
      line: "████████░░░░░░░░░░░░  42 %  42/100  21/s  p95 18.3 ms",
    },
    {
      load: { requests: forever, durationMs: 60_000 },
      figures: { elapsedMs: 30_000, ended: 3000, failed: 2, rejected: 10, p95Ms: 20 },
      line: "██████████░░░░░░░░░░  50 %  3000 in 30 s  100/s  p95 20 ms  10 rejected  2 failed",
    },
    {
      load: { requests: 10_000, durationMs: 1_800_000 },
      figures: { elapsedMs: 1_620_000, ended: 5000 },
      line: "██████████████████░░  90 %  5000/10000  3.09/s",
    },
    {
      load: { requests: forever, durationMs: 1000 },
      figures: { elapsedMs: 1500, ended: 3 },
      line: "████████████████████ 100 %  3 in 1.5 s  2/s",
    },
  ];
  for (const { load, figures, line } of cases) {
    it(line, () => assert.equal(progressLine(load, { ...begun, ...figures }), line));
  }
});

/** What is written within a minute, and then when it ends. */
function shown(isTTY: boolean): string[] {
  const written: string[] = [];
  const stream = { isTTY, columns: 30, write: (text: string) => written.push(text) > 0 };
  const end = showProgress(stream, { requests: 200, durationMs: forever }, steadyTally(100), () => 4000);
  mock.timers.tick(isTTY ? 400 : 60_000);
  end();
  mock.timers.tick(60_000);
  return written;
}

describe("showProgress", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  it("rewrites one line on a terminal, no wider than it, and clears it", () => {
    const line = "\r\u001b[K██████████░░░░░░░░░░  50 %  1";
    assert.deepEqual(shown(true), [line, line, "\r\u001b[K"]);
  });

  it("writes a line to a log every 30 s", () => {
    const line = "██████████░░░░░░░░░░  50 %  100/200  25/s  p95 15 ms\n";
    assert.deepEqual(shown(false), [line, line]);
  });
});
