/** A real node leaves nothing on the machine, even if it is killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cgroupHierarchies } from "../../cluster/real-node/cgroups.ts";
import { until } from "../../cluster/until.ts";
import { skipUnlessPossible } from "./possible.ts";

const parentProgram = fileURLToPath(new URL("node-parent.ts", import.meta.url));
/** The machine's settings that a kubelet would change, and the directories that it would use. */
const settings = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"];
const shared = ["/var/lib/kubelet", "/var/log/pods", "/run/containerd", "/var/lib/cni"];

describe("a real node", function () {
  this.timeout(300_000);

  before(function () {
    skipUnlessPossible(this);
  });

  it("leaves no container, file or control group when the process that started it is killed", async () => {
    const before = machine();
    const parent = spawn(process.execPath, [parentProgram], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [directory] = (await once(createInterface(parent.stdout), "line")) as [string];
      const running = (await remains(directory)).join("\n");
      assert.ok(running.includes(directory), "no files");
      assert.match(running, /containerd-shim/, "no containers");
      assert.match(running, /^\/sys\/fs\/cgroup/m, "no control groups");
      assert.deepEqual(machine(), before);
      parent.kill("SIGKILL");
      await until("everything of the node to be gone", async (see) => see(await remains(directory)).length === 0);
      assert.deepEqual(machine(), before);
    } finally {
      parent.kill("SIGKILL");
    }
  });
});

function machine(): readonly string[] {
  return [
    ...settings.map((name) => readFileSync(join("/proc/sys", name), "utf8")),
    ...shared.map((path) => `${path} ${existsSync(path)}`),
    ...readdirSync("/sys/class/net"),
  ];
}

/** Returns the processes, files and control groups of the cluster in this directory. */
async function remains(directory: string): Promise<readonly string[]> {
  const groups = (await cgroupHierarchies()).map(({ path }) => join(path, basename(directory)));
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " "))
    .filter((command) => command.includes(directory));
  return [...processes, ...[directory, ...groups].filter(existsSync)];
}

/** Returns "" if the process has exited meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
