import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parseStat, resourceMetrics } from "./resource-metrics.ts";

describe("resource metrics of a process node", () => {
  it("count a process's own time and that of its ended children, for the group of processes (man 5 proc)", () => {
    const before = "4242 (a) (b c) S 1 4200 4200 0 -1 4194560 100 0 0 0";
    assert.deepEqual(parseStat(`${before} 120 30 40 10 20 0 11 0 5000 900000000 25600 18446744073709551615\n`), {
      group: 4200,
      cpuSeconds: 2,
      memoryBytes: 25_600 * 4096,
    });
  });

  it("of a real process are those that Node reports of itself", async () => {
    const { memoryBytes } = parseStat(await readFile("/proc/self/stat", "utf8"));
    const reported = process.memoryUsage.rss();
    assert.ok(Math.abs(memoryBytes - reported) < reported / 4, `${memoryBytes} and ${reported}`);
  });

  it("have the names, labels and times of a kubelet", () => {
    const container = { namespace: "media", pod: "a-1", container: "processor", pid: 7 };
    const text = resourceMetrics(
      [{ ...container, startedAt: "2026-12-01T00:00:00Z" }],
      () => ({ cpuSeconds: 2.5, memoryBytes: 1000 }),
      1_780_000_000_000,
    );
    assert.deepEqual(text.split("\n"), [
      "node_cpu_usage_seconds_total 3.5 1780000000000",
      "node_memory_working_set_bytes 1049576 1780000000000",
      'container_cpu_usage_seconds_total{container="processor",namespace="media",pod="a-1"} 2.5 1780000000000',
      'container_memory_working_set_bytes{container="processor",namespace="media",pod="a-1"} 1000 1780000000000',
      'container_start_time_seconds{container="processor",namespace="media",pod="a-1"} 1796083200',
      "",
    ]);
  });
});
