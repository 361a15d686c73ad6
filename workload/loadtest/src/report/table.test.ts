import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { failed, load, passed, unreachable } from "../testing/results.ts";
import { type Paint, describeLoad, resultTable } from "./table.ts";

const plain: Paint = (_kind, text) => text;
const marked: Paint = (kind, text) => `\u001b[${kind === "good" ? 32 : 31}m${text}\u001b[39m`;

describe("the table of a terminal", () => {
  it("of a run that passed", () => {
    assert.equal(
      resultTable(passed(), plain),
      `http://upscaler.media/v1/process
baseline: 100 requests, concurrency 10

accepted  100      25.2/s over 3.98 s
rejected  0        0 %
failed    0        0 %
received  100 kB
mean      10.5 ms
p50       10 ms
p90       10 ms
p95       15 ms
p99       15 ms
p99.9     15 ms
max       15 ms

stage      mean  p50   p95   max
queue      1 ms  1 ms  1 ms  1 ms
inference  8 ms  8 ms  8 ms  8 ms

✓  p95     15 ms  ≤ 20 ms
✓  errors  0 %    ≤ 0 %

PASSED
`,
    );
  });

  it("of a run that failed", () => {
    assert.equal(
      resultTable(failed(), plain),
      `http://upscaler.media/v1/process
custom: 100 requests, open loop at 25/s, up to 256 connections

accepted  80       20.1/s over 3.98 s
rejected  10       10 %
failed    10       10 %
received  80 kB
mean      10.6 ms
p50       10 ms
p90       15 ms
p95       15 ms
p99       15 ms
p99.9     15 ms
max       15 ms

stage      mean  p50   p95   max
queue      1 ms  1 ms  1 ms  1 ms
inference  8 ms  8 ms  8 ms  8 ms

failure  count  first
timeout  10     no complete response

✗  p95     15 ms   ≤ 12 ms
✓  rps     20.1/s  ≥ 10/s
✗  errors  10 %    ≤ 1 %

✓  p50       10 ms   →  10 ms   0 %
✓  p95       15 ms   →  15 ms   0 %
✗  rps       25.2/s  →  20.1/s  -20 %
✗  errors    0 %     →  10 %
✗  rejected  0 %     →  10 %

warning: this client was busy 95 % of the time and may be the bottleneck; run more clients
warning: this client could not sustain 25/s: 1 % of its requests were sent over 12 ms late
warning: 7 requests waited for one of 256 connections; their latency includes the wait, but the target did not receive the full rate
warning: p95 of 80 responses depends on the slowest 4

FAILED
  p95 15 ms, limit 12 ms
  errors 10 %, limit 1 %
  rps 20.1/s, was 25.2/s in before.json, tolerance 10 %
  errors 10 %, was 0 % in before.json, tolerance 10 %
  rejected 10 %, was 0 % in before.json, tolerance 10 %
`,
    );
  });

  it("of an unreachable target", () => {
    assert.equal(
      resultTable(unreachable, plain),
      "UNREACHABLE\n  cannot reach upscaler.media: getaddrinfo ENOTFOUND upscaler.media\n",
    );
  });

  it("has the same columns in colour", () => {
    const withoutColour = stripVTControlCharacters(resultTable(failed(), marked));
    assert.equal(withoutColour, resultTable(failed(), plain));
  });

  it("counts the requests that an interrupt cut off", () => {
    const result = passed({ endedBy: "signal" });
    const table = resultTable({ ...result, counts: { ...result.counts, abandoned: 3 } }, plain);
    assert.ok(table.includes("\nabandoned  3        in flight when interrupted\n"), table);
    assert.ok(table.includes("\nINTERRUPTED\n  interrupted\n"), table);
  });
});

describe("describeLoad", () => {
  const cases = [
    { load, scenario: "baseline", text: "baseline: 100 requests, concurrency 10" },
    {
      load: { ...load, requests: 10_000, durationSeconds: 1800, concurrency: 20 },
      scenario: "endurance",
      text: "endurance: 10000 requests, up to 30 min, concurrency 20",
    },
    {
      load: { ...load, requests: null, durationSeconds: 60, ratePerSecond: 200, concurrency: 256 },
      scenario: "custom",
      text: "custom: 60 s, open loop at 200/s, up to 256 connections",
    },
  ];
  for (const { load: of, scenario, text } of cases) it(text, () => assert.equal(describeLoad(of, scenario), text));
});
