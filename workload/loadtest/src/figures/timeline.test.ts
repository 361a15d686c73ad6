import assert from "node:assert/strict";
import { Timeline, type TimelineRow } from "./timeline.ts";

const empty: Omit<TimelineRow, "second"> = { accepted: 0, rejected: 0, failed: 0, p50Ms: null, p95Ms: null };

describe("Timeline", () => {
  const cases: Readonly<Record<string, { fill: (timeline: Timeline) => void; rows: readonly TimelineRow[] }>> = {
    "has no row before the first response": { fill: () => {}, rows: [] },
    "counts by kind, percentiles over the accepted": {
      fill(timeline) {
        for (let ms = 1; ms <= 20; ms++) timeline.accepted(100 + ms, ms);
        timeline.rejected(500);
        timeline.failed(600);
        timeline.failed(999.9);
      },
      rows: [{ second: 0, accepted: 20, rejected: 1, failed: 2, p50Ms: 10, p95Ms: 19 }],
    },
    "keeps seconds without a response: they show a stall": {
      fill(timeline) {
        timeline.accepted(900, 5);
        timeline.accepted(3000, 2100);
      },
      rows: [
        { ...empty, second: 0, accepted: 1, p50Ms: 5, p95Ms: 5 },
        { ...empty, second: 1 },
        { ...empty, second: 2 },
        { ...empty, second: 3, accepted: 1, p50Ms: 2100, p95Ms: 2100 },
      ],
    },
    "counts a response that was checked late for the current second": {
      fill(timeline) {
        timeline.accepted(1010, 4);
        timeline.accepted(990, 6);
      },
      rows: [
        { ...empty, second: 0 },
        { ...empty, second: 1, accepted: 2, p50Ms: 4, p95Ms: 6 },
      ],
    },
    "sorts by value, not by text": {
      fill(timeline) {
        for (const ms of [100, 9, 20]) timeline.accepted(0, ms);
      },
      rows: [{ ...empty, second: 0, accepted: 3, p50Ms: 20, p95Ms: 100 }],
    },
  };
  for (const [name, { fill, rows }] of Object.entries(cases)) {
    it(name, () => {
      const timeline = new Timeline();
      fill(timeline);
      assert.deepEqual(timeline.rows(), rows);
      assert.deepEqual(timeline.rows(), rows, "reading changes nothing");
    });
  }
});
