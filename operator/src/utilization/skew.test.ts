import assert from "node:assert/strict";
import { sampleReport } from "./report.sample.ts";
import { readReport, type Sample } from "./sample.ts";
import { podLoad, skewOf, type PodLoad } from "./skew.ts";

const sample = readReport(JSON.stringify(sampleReport)) as Sample;

/** A pod with these loads in its reports. */
function pod(name: string, ...loads: readonly number[]): PodLoad {
  const samples = loads.map((workersBusyPercent, at) => ({ ...sample, gpuPercent: 0, workersBusyPercent, at }));
  return podLoad(name, samples, false);
}

describe("the skew of a service's pods", () => {
  const cases: Readonly<
    Record<string, { loads: readonly PodLoad[]; bandMax?: number; was?: boolean; busiest: string | undefined }>
  > = {
    "one pod does all the work": { loads: [pod("a", 1, 0), pod("b", 99, 95), pod("c", 0, 2)], busiest: "b" },
    "the busiest of two is named": { loads: [pod("a", 85), pod("b", 99), pod("c", 0)], busiest: "b" },
    "all pods are busy": { loads: [pod("a", 99), pod("b", 85)], busiest: undefined },
    "all pods idle": { loads: [pod("a", 0), pod("b", 1)], busiest: undefined },
    "one pod is within the band": { loads: [pod("a", 78), pod("b", 0)], busiest: undefined },
    "a burst in one report": { loads: [pod("a", 5, 99, 5), pod("b", 0, 0, 0)], busiest: undefined },
    "the idle pod had work in one report": { loads: [pod("a", 99, 99), pod("b", 0, 40)], busiest: undefined },
    "one pod alone": { loads: [pod("a", 99)], busiest: undefined },
    "no pod": { loads: [], busiest: undefined },
    "without a band, on a CPU: above 90 %": { loads: [pod("a", 95), pod("b", 0)], bandMax: 100, busiest: "a" },
    "without a band, on a CPU: below 90 %": { loads: [pod("a", 88), pod("b", 0)], bandMax: 100, busiest: undefined },
    "it stays with one report below the limit": { loads: [pod("a", 99, 70), pod("b", 0, 15)], was: true, busiest: "a" },
    "it does not begin so": { loads: [pod("a", 99, 70), pod("b", 0, 15)], busiest: undefined },
    "it ends when the other pod works": { loads: [pod("a", 99, 60), pod("b", 0, 50)], was: true, busiest: undefined },
  };
  for (const [title, { loads, bandMax = 80, was = false, busiest }] of Object.entries(cases)) {
    it(`${title}: ${busiest ?? "none"}`, () => assert.equal(skewOf(loads, bandMax, was)?.busiest.name, busiest));
  }

  it("has the number of busy, idle and all pods", () => {
    const { busyPods, idlePods, pods } =
      skewOf([pod("a", 99), pod("b", 50), pod("c", 0), pod("d", 3)], 80, false) ?? {};
    assert.deepEqual({ busyPods, idlePods, pods }, { busyPods: 1, idlePods: 2, pods: 4 });
  });

  it("counts a GPU of its own, but not one that a neighbour keeps busy", () => {
    const samples = [{ ...sample, gpuPercent: 97, workersBusyPercent: 3, at: 0 }];
    assert.deepEqual([podLoad("a", samples, false).most, podLoad("a", samples, true).most], [97, 3]);
  });
});
