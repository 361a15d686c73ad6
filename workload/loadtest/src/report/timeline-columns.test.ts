import assert from "node:assert/strict";
import type { TimelineRow } from "../figures/timeline.ts";
import { type Column, columnsOf } from "./timeline-columns.ts";

function row(second: number, changes: Partial<TimelineRow> = {}): TimelineRow {
  return { second, accepted: 10, rejected: 0, failed: 0, p50Ms: 5, p95Ms: 9, ...changes };
}

const column: Column = {
  fromSecond: 0,
  seconds: 1,
  acceptedPerSecond: 10,
  rejectedPerSecond: 0,
  failedPerSecond: 0,
  p50Ms: 5,
  p95Ms: 9,
};

describe("columnsOf", () => {
  it("keeps the seconds of a short run", () => {
    const rows = [row(0), row(1, { accepted: 0, rejected: 2, failed: 1, p50Ms: null, p95Ms: null })];
    const second = { acceptedPerSecond: 0, rejectedPerSecond: 2, failedPerSecond: 1, p50Ms: null, p95Ms: null };
    assert.deepEqual(columnsOf(rows), [column, { fromSecond: 1, seconds: 1, ...second }]);
  });

  it("groups 30 minutes into 300 columns of 6 s, in which a stall stays visible", () => {
    const rows = Array.from({ length: 1800 }, (_, second) =>
      row(second, second === 8 ? { accepted: 4, p50Ms: 11, p95Ms: 900 } : {}),
    );
    const columns = columnsOf(rows);
    assert.equal(columns.length, 300);
    const stalled = { fromSecond: 6, seconds: 6, acceptedPerSecond: 9, p50Ms: 6, p95Ms: 900 };
    assert.deepEqual(columns[1], { ...column, ...stalled });
  });

  it("covers every second once, with the remainder in the last column", () => {
    const columns = columnsOf(Array.from({ length: 301 }, (_, second) => row(second)));
    assert.deepEqual(columns.at(-1), { ...column, fromSecond: 300 });
    const total = columns.reduce((sum, { seconds }) => sum + seconds, 0);
    assert.equal(total, 301);
  });

  it("returns none for an empty run", () => assert.deepEqual(columnsOf([]), []));
});
