import assert from "node:assert/strict";
import { setsThresholds } from "./malloc.ts";

// glibc 2.36, manual, "Malloc Tunable Parameters" and "Memory Allocation Tunables".
describe("the thresholds of malloc", () => {
  const cases: readonly (readonly [title: string, env: Readonly<Record<string, string>>, set: boolean])[] = [
    ["are set by the processor without variables", { PATH: "/bin" }, false],
    ["are set by the processor beside another setting of malloc", { MALLOC_ARENA_MAX: "2" }, false],
    ["are set by the processor beside another tunable", { GLIBC_TUNABLES: "glibc.malloc.arena_max=2" }, false],
    ["are left to MALLOC_MMAP_THRESHOLD_", { MALLOC_MMAP_THRESHOLD_: "131072" }, true],
    ["are left to MALLOC_TRIM_THRESHOLD_", { MALLOC_TRIM_THRESHOLD_: "131072" }, true],
    [
      "are left to a tunable of a threshold",
      { GLIBC_TUNABLES: "glibc.malloc.arena_max=2:glibc.malloc.trim_threshold=131072" },
      true,
    ],
  ];
  for (const [title, env, set] of cases) it(title, () => assert.equal(setsThresholds(env), set));
});
