import assert from "node:assert/strict";
import { chooseBatch, type BatchRules, type Situation } from "./batching.ts";
import type { Job } from "./job.ts";

const rules: BatchRules = { maxSize: 4, maxDelayMs: 2, maxPixels: 1000 };

/** `a` and `b` are shapes of 100 pixels, `B` one of 600, `-` a tensor job, which shares no batch; all arrived at 0. */
function queue(shapes: string): Job[] {
  return shapes.split("").map((shape, id): Job => {
    const progress = {
      id,
      acceptedAt: 0,
      dispatchedAt: 0,
      memoryBytes: 0,
      timeoutMs: 1000,
      settle: () => assert.fail("no job settles here"),
    };
    if (shape === "-") return { kind: "tensors", shape: null, pixels: 100, inputs: [], ...progress };
    const upright = { orientation: 1, frames: null, simpleJpeg: true, end: 0, isEmpty: false } as const;
    const header = { format: "jpeg", width: 1, height: 1, ...upright } as const;
    const options = { format: "jpeg" as const, quality: 85 };
    const pixels = shape === "B" ? 600 : 100;
    return { kind: "picture", shape, pixels, header, bytes: new Uint8Array(), options, ...progress };
  });
}

interface Case extends Partial<Situation> {
  readonly name: string;
  readonly queue: string;
  /** Ids, `wait` and for how long, or `nothing`. */
  readonly expected: string;
}

describe("the next batch", () => {
  const cases: readonly Case[] = [
    { name: "is empty while nothing waits", queue: "", expected: "nothing" },
    { name: "is a single job at once on an idle processor", queue: "a", expected: "0" },
    { name: "has at most maxSize jobs", queue: "aaaaaa", expected: "0,1,2,3" },
    { name: "has the jobs of the oldest job's shape, not the others", queue: "abab", expected: "0,2" },
    { name: "leaves their share to other free workers", queue: "aaaa", freeWorkers: 2, expected: "0,1" },
    { name: "has at most maxPixels pixels", queue: "BBB", expected: "0" },
    { name: "is a single job if that is of tensors", queue: "--", expected: "0" },
    { name: "waits for more jobs while others are processed", queue: "aa", busy: true, now: 0.5, expected: "wait 1.5" },
    { name: "is incomplete once maxDelay is over", queue: "aa", busy: true, now: 2, expected: "0,1" },
    { name: "does not wait when it is full", queue: "aaaa", busy: true, expected: "0,1,2,3" },
    { name: "does not wait for a job of tensors", queue: "-a", busy: true, expected: "0" },
    { name: "does not wait when one job fills it by its pixels", queue: "Ba", busy: true, expected: "0" },
  ];
  for (const { name, queue: shapes, expected, freeWorkers = 1, busy = false, now = 0 } of cases) {
    it(name, () => {
      const jobs = queue(shapes);
      const choice = chooseBatch(jobs, jobs.length, rules, { now, freeWorkers, busy });
      const texts = {
        batch: () => (choice.kind === "batch" ? choice.jobs.map(({ id }) => id).join() : ""),
        wait: () => (choice.kind === "wait" ? `wait ${choice.afterMs}` : ""),
        nothing: () => "nothing",
      };
      assert.equal(texts[choice.kind](), expected);
    });
  }
});
