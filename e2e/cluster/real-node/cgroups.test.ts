import assert from "node:assert/strict";
import { limiting, parseHierarchies } from "./cgroups.ts";

const hybrid = `proc /proc proc rw 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`;
const unified = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";

describe("the machine's cgroups", () => {
  it("are of both versions where both are mounted, and version 1 sets the limits", () => {
    const all = parseHierarchies(hybrid);
    assert.deepEqual(
      all.map(({ path, version }) => [path, version]),
      [
        ["/sys/fs/cgroup/memory", 1],
        ["/sys/fs/cgroup/cpuset", 1],
        ["/sys/fs/cgroup/unified", 2],
      ],
    );
    assert.deepEqual(limiting(all), all.slice(0, 2));
    assert.ok(all[1]?.controllers.includes("cpuset"));
  });

  it("are one hierarchy where only version 2 is mounted", () => {
    const all = parseHierarchies(unified);
    assert.deepEqual(limiting(all), [{ path: "/sys/fs/cgroup", version: 2, controllers: [] }]);
  });
});
