import assert from "node:assert/strict";
import { chooseBatch, type BatchRules, type Situation } from "./batching.ts";
import type { Job } from "./job.ts";

const rules: BatchRules = { maxSize: 4, maxDelayMs: 2, maxPixels: 1000 };

/** `a` and `b` are shapes of 100 pixels, `B` one of 600, `-` a job that shares with nobody; all arrived at 0. */
function queue(shapes: string): Job[] {
  return shapes.split("").map((shape, id) => ({
    kind: "tensors",
    id,
    shape: shape === "-" ? null : shape,
    pixels: shape === "B" ? 600 : 100,
    acceptedAt: 0,
    dispatchedAt: 0,
    inputs: [],
    settle: () => assert.fail("nothing is settled here"),
  }));
}

interface Case extends Partial<Situation> {
  readonly name: string;
  readonly queue: string;
  /** Ids, `wait` and for how long, or `nothing`. */
  readonly is: string;
}

describe("a free worker takes", () => {
  const cases: readonly Case[] = [
    { name: "nothing when nothing waits", queue: "", is: "nothing" },
    { name: "a lone job at once while nothing is under way", queue: "a", is: "0" },
    { name: "all of one shape, as many as a batch holds", queue: "aaaaaa", is: "0,1,2,3" },
    { name: "those of the shape of the oldest, past others", queue: "abab", is: "0,2" },
    { name: "only its share when others are free too", queue: "aaaa", freeWorkers: 2, is: "0,1" },
    { name: "few of what is large", queue: "BBB", is: "0" },
    { name: "what has no shape alone", queue: "--", is: "0" },
    { name: "nothing yet while others may come", queue: "aa", busy: true, now: 0.5, is: "wait 1.5" },
    { name: "what is there when the delay is over", queue: "aa", busy: true, now: 2, is: "0,1" },
    { name: "a full batch without delay", queue: "aaaa", busy: true, is: "0,1,2,3" },
    { name: "without delay what can't be shared", queue: "-a", busy: true, is: "0" },
    { name: "without delay what fills a batch by its size", queue: "Ba", busy: true, is: "0" },
  ];
  for (const { name, queue: shapes, is, freeWorkers = 1, busy = false, now = 0 } of cases) {
    it(name, () => {
      const jobs = queue(shapes);
      const choice = chooseBatch(jobs, jobs.length, rules, { now, freeWorkers, busy });
      const answers = {
        batch: () => (choice.kind === "batch" ? choice.jobs.map(({ id }) => id).join() : ""),
        wait: () => (choice.kind === "wait" ? `wait ${choice.afterMs}` : ""),
        nothing: () => "nothing",
      };
      assert.equal(answers[choice.kind](), is);
    });
  }
});
