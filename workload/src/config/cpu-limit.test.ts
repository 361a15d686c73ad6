import assert from "node:assert/strict";
import { workersFor } from "@gpumedia/api";
import { cpuLimitCores } from "./cpu-limit.ts";

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly cores: number;
  readonly workers: number;
}

describe("the CPU limit on a host of 64 cores", () => {
  const v2 = "/sys/fs/cgroup";
  const v1 = "/sys/fs/cgroup/cpu";
  const cases: readonly Case[] = [
    { name: "is the host's without cgroups", files: {}, cores: 64, workers: 64 },
    {
      name: "is the host's with cgroup v2 and max",
      files: { [`${v2}/cpu.max`]: "max 100000\n" },
      cores: 64,
      workers: 64,
    },
    { name: "is the quota of cgroup v2", files: { [`${v2}/cpu.max`]: "400000 100000\n" }, cores: 4, workers: 4 },
    {
      name: "is rounded down to whole workers",
      files: { [`${v2}/cpu.max`]: "250000 100000\n" },
      cores: 2.5,
      workers: 2,
    },
    {
      name: "leaves one worker however small it is",
      files: { [`${v2}/cpu.max`]: "50000 100000\n" },
      cores: 0.5,
      workers: 1,
    },
    {
      name: "is the smallest of a group of v2 and those above it",
      files: {
        "/proc/self/cgroup": "0::/pods/one/app\n",
        [`${v2}/pods/one/app/cpu.max`]: "max 100000\n",
        [`${v2}/pods/one/cpu.max`]: "300000 100000\n",
        [`${v2}/pods/cpu.max`]: "6400000 100000\n",
      },
      cores: 3,
      workers: 3,
    },
    {
      name: "is the quota of cgroup v1",
      files: { [`${v1}/cpu.cfs_quota_us`]: "200000", [`${v1}/cpu.cfs_period_us`]: "100000" },
      cores: 2,
      workers: 2,
    },
    {
      name: "is the host's with cgroup v1 and -1",
      files: { [`${v1}/cpu.cfs_quota_us`]: "-1", [`${v1}/cpu.cfs_period_us`]: "100000" },
      cores: 64,
      workers: 64,
    },
    {
      name: "is found in the group of v1 that the process is in",
      files: {
        "/proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/kubepods/a\n",
        "/sys/fs/cgroup/cpu,cpuacct/kubepods/a/cpu.cfs_quota_us": "150000",
        "/sys/fs/cgroup/cpu,cpuacct/kubepods/a/cpu.cfs_period_us": "100000",
      },
      cores: 1.5,
      workers: 1,
    },
  ];
  for (const { name, files, cores, workers } of cases) {
    it(name, () => {
      const found = cpuLimitCores((path) => files[path], 64);
      assert.deepEqual({ cores: found, workers: workersFor(found) }, { cores, workers });
    });
  }
});
