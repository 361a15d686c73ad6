import assert from "node:assert/strict";
import type { TimelineRow } from "../figures/timeline.ts";
import { columnsOf } from "./timeline-columns.ts";

function row(second: number, changes: Partial<TimelineRow> = {}): TimelineRow {
  return { second, accepted: 10, rejected: 0, failed: 0, p50Ms: 5, p95Ms: 9, ...changes };
}

describe("columnsOf", () => {
  it("of a short run are its seconds", () => {
    const rows = [row(0), row(1, { accepted: 0, rejected: 2, failed: 1, p50Ms: null, p95Ms: null })];
    assert.deepEqual(columnsOf(rows), [
      {
        fromSecond: 0,
        seconds: 1,
        acceptedPerSecond: 10,
        rejectedPerSecond: 0,
        failedPerSecond: 0,
        p50Ms: 5,
        p95Ms: 9,
      },
      {
        fromSecond: 1,
        seconds: 1,
        acceptedPerSecond: 0,
        rejectedPerSecond: 2,
        failedPerSecond: 1,
        p50Ms: null,
        p95Ms: null,
      },
    ]);
  });

  it("of 30 minutes are 300 of 6 s, in which a stall stays visible", () => {
    const rows = Array.from({ length: 1800 }, (_, second) =>
      row(second, second === 8 ? { accepted: 4, p50Ms: 11, p95Ms: 900 } : {}),
    );
    const columns = columnsOf(rows);
    assert.equal(columns.length, 300);
    assert.deepEqual(columns[1], {
      fromSecond: 6,
      seconds: 6,
      acceptedPerSecond: 9,
      rejectedPerSecond: 0,
      failedPerSecond: 0,
      p50Ms: 6,
      p95Ms: 900,
    });
  });

  it("cover every second once, the last column what is left", () => {
    const columns = columnsOf(Array.from({ length: 301 }, (_, second) => row(second)));
    assert.deepEqual(columns.at(-1), { ...columns[0], fromSecond: 300, seconds: 1 });
    assert.equal(
      columns.reduce((sum, { seconds }) => sum + seconds, 0),
      301,
    );
  });

  it("of nothing are none", () => assert.deepEqual(columnsOf([]), []));
});
