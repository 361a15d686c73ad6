import assert from "node:assert/strict";
import { type ChosenLoad, type LoadFlags, type ScenarioName, chooseLoad } from "./scenarios.ts";

const timeoutMs = 30_000;
const forever = Number.POSITIVE_INFINITY;
const unlimited = { wrong: "scenario custom requires --requests or --duration" };

function closedLoop(scenario: ScenarioName, requests: number, concurrency: number, durationMs = forever): ChosenLoad {
  return { scenario, load: { requests, concurrency, durationMs, ratePerSecond: null, timeoutMs } };
}

function liveLoad(concurrency: number, ratePerSecond: number, durationMs: number): ChosenLoad {
  return { scenario: "live", load: { requests: forever, concurrency, durationMs, ratePerSecond, timeoutMs } };
}

describe("chooseLoad", () => {
  type Case = readonly [flags: Omit<LoadFlags, "timeoutMs">, chosen: ReturnType<typeof chooseLoad>];
  const cases: Readonly<Record<string, Case>> = {
    "defaults to the guide's baseline": [{}, closedLoop("baseline", 100, 10)],
    "has the guide's stress": [{ scenario: "stress" }, closedLoop("stress", 1000, 50)],
    "has the guide's endurance, for at most 30 minutes": [
      { scenario: "endurance" },
      closedLoop("endurance", 10_000, 20, 1_800_000),
    ],
    "names a changed scenario custom": [{ scenario: "stress", concurrency: 8 }, closedLoop("custom", 1000, 8)],
    "does not apply the baseline's number of requests to flags without a scenario": [
      { durationMs: 5000 },
      closedLoop("custom", forever, 10, 5000),
    ],
    "gives an open loop spare connections": [
      { ratePerSecond: 200, requests: 50 },
      {
        scenario: "custom",
        load: { requests: 50, concurrency: 256, durationMs: forever, ratePerSecond: 200, timeoutMs },
      },
    ],
    "has live video, of users with cameras": [{ scenario: "live" }, liveLoad(4, 120, 30_000)],
    "keeps the name of live video with other sessions": [
      { scenario: "live", sessions: 10, framesPerSecond: 5, durationMs: 1000 },
      liveLoad(10, 50, 1000),
    ],
    "rejects live video by requests": [
      { scenario: "live", requests: 5 },
      { wrong: "scenario live takes --duration, not --requests" },
    ],
    "rejects live video by connections": [
      { scenario: "live", concurrency: 5 },
      { wrong: "scenario live takes --sessions, not --concurrency" },
    ],
    "rejects live video by rate": [
      { scenario: "live", ratePerSecond: 5 },
      { wrong: "scenario live takes --frames-per-second, not --rate" },
    ],
    "rejects sessions of pictures": [{ sessions: 5 }, { wrong: "--sessions requires --scenario live" }],
    "rejects frames of pictures": [
      { scenario: "stress", framesPerSecond: 5 },
      { wrong: "--frames-per-second requires --scenario live" },
    ],
    "rejects an unlimited custom load": [{ scenario: "custom" }, unlimited],
    "rejects a rate without a limit": [{ ratePerSecond: 5 }, unlimited],
  };
  for (const [title, [flags, chosen]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(chooseLoad({ ...flags, timeoutMs }), chosen));
  }
});
