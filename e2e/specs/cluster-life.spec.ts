/** Clusters of their own: how they begin, and that nothing of them stays, however they end. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { freePort } from "../cluster/free-port.ts";
import { dyingWithParent } from "../cluster/parent-death.ts";
import { ProcessFailure } from "../cluster/processes.ts";
import type { ParentReport } from "./cluster-parent.ts";
import { remainsOf, untilGone } from "./cluster-remains.ts";

const parentProgram = fileURLToPath(new URL("cluster-parent.ts", import.meta.url));
const mainProgram = fileURLToPath(new URL("../cluster/main.ts", import.meta.url));
const programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"];
const run = promisify(execFile);

function reportOf({ directory, processes }: Cluster): ParentReport {
  return { directory, pids: processes.pids, keeperPid: processes.keeperPid };
}

function environmentOf(output: string): NodeJS.ProcessEnv {
  const [, kubeconfig = ""] = /export KUBECONFIG=(\S+)/.exec(output) ?? [];
  const [, path = ""] = /export PATH=([^:]+):/.exec(output) ?? [];
  return { ...process.env, KUBECONFIG: kubeconfig, PATH: `${path}:${process.env.PATH}` };
}

async function nodesSeenBy(env: NodeJS.ProcessEnv): Promise<string> {
  const columns = "custom-columns=NAME:.metadata.name,GPUS:.status.allocatable.nvidia\\.com/gpu";
  return (await run("kubectl", ["get", "nodes", "--no-headers", "-o", columns], { env })).stdout;
}

describe("a cluster of one's own", () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

  /** A process that starts a cluster, and what it says of it. */
  async function startParent(): Promise<{ readonly parent: ChildProcess; readonly report: ParentReport }> {
    const parent = spawn(process.execPath, [parentProgram], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(parent);
    const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
    return { parent, report: JSON.parse(line) as ParentReport };
  }

  it("boots beside another one, knows nothing of it, and ends without it", async () => {
    const [first, second] = await Promise.all([startCluster(), startCluster()]);
    const reports = [first, second].map(reportOf);
    try {
      assert.deepEqual(Object.keys(reports[0]?.pids ?? {}).toSorted(), programs);
      await first.kubectl("create", "configmap", "only-here");
      await assert.rejects(second.kubectl("get", "configmap", "only-here"), /NotFound/);
      await first.stop();
      assert.deepEqual(remainsOf(reports[0] as ParentReport), []);
      await second.kubectl("create", "configmap", "still-there");
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
    assert.deepEqual(remainsOf(reports[1] as ParentReport), []);
  });

  it("is gone, processes and files, when the process that started it is killed", async () => {
    const { parent, report } = await startParent();
    assert.deepEqual(remainsOf(report), [...Object.keys(report.pids), "keeper", report.directory]);
    parent.kill("SIGKILL");
    await untilGone(report);
  });

  it("has no process left when its keeper is killed, too", async function () {
    // Without setpriv, nothing but the keeper ends the processes.
    if (dyingWithParent(["true"]).length === 1) this.skip();
    const { parent, report } = await startParent();
    process.kill(report.keeperPid ?? 0, "SIGKILL");
    parent.kill("SIGKILL");
    // Nobody is left who could remove the directory.
    await untilGone(report, [report.directory]);
    await run("rm", ["-r", report.directory]);
  });

  it("takes another port when somebody was faster", async () => {
    const faster = createServer().listen(0, "127.0.0.1");
    await once(faster, "listening");
    const { port: taken } = faster.address() as AddressInfo;
    const ports = [taken, await freePort()];
    const last = ports[1];
    await using cluster = await startCluster({ port: async () => ports.shift() ?? 0 });
    assert.equal(cluster.server, `https://127.0.0.1:${last}`);
    await cluster.kubectl("get", "namespaces");
    faster.close();
  });

  it("shows the end of the log of the process at fault when it can't boot, and leaves nothing", async () => {
    const faulty = startCluster({ scheduler: { parameters: ["--no-such-flag"] } });
    const error = await faulty.then(
      () => assert.fail("it booted"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ProcessFailure);
    assert.match(
      error.message,
      /^kube-scheduler exited unexpectedly \(exit 1\); the end of its log:\n[^]*unknown flag: --no-such-flag/,
    );
  });

  it("keeps what it has when its API server is restarted, and goes on logging requests", async () => {
    await using cluster = await startCluster();
    await cluster.kubectl("create", "configmap", "kept");
    const before = cluster.processes.pids["kube-apiserver"];
    await cluster.restart("kube-apiserver");
    assert.notEqual(cluster.processes.pids["kube-apiserver"], before);
    await cluster.kubectl("get", "configmap", "kept");
    const byVerb = { create: {}, get: {} };
    for (const verb of Object.keys(byVerb)) {
      await cluster.audit.waitFor({ verb, resource: "configmaps", name: "kept", code: verb === "create" ? 201 : 200 });
    }
  });

  describe("of `make cluster`", () => {
    it("can be used as it says, and is gone after Ctrl-C", async () => {
      const child = spawn(process.execPath, [mainProgram, "--nodes=1", "--gpus=8"], {
        env: { ...process.env, KEEP: "" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      let output = "";
      for await (const line of createInterface(child.stdout)) {
        output += `${line}\n`;
        if (line.startsWith("To stop it: ")) break;
      }
      assert.match(output, /\nTo stop it: Ctrl-C\n$/);
      const env = environmentOf(output);
      assert.match(await nodesSeenBy(env), /^gpu-node-0 +8\n$/);
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number | null];
      assert.equal(code, 0);
      await assert.rejects(readFile(env.KUBECONFIG ?? ""), { code: "ENOENT" });
    });

    it("stays up in the background, and is gone after the command that it prints", async () => {
      const { stdout } = await run(process.execPath, [mainProgram, "--nodes=1", "--detach"]);
      const env = environmentOf(stdout);
      const [, pid = ""] = /\nTo stop it: kill (\d+)\n$/.exec(stdout) ?? assert.fail(stdout);
      const directory = join(env.KUBECONFIG ?? "", "..");
      assert.match(await nodesSeenBy(env), /^gpu-node-0 +4\n$/);
      await run("kill", [pid]);
      await untilGone({ directory, pids: { main: Number(pid) }, keeperPid: undefined });
    });

    for (const { argument, says } of [
      { argument: "--nodes=many", says: /'many' is invalid.*must be a whole number/ },
      { argument: "--apis=vpa,unknown", says: /unknown API unknown: must be one of vpa,/ },
      { argument: "--what", says: /unknown option '--what'/ },
    ]) {
      it(`refuses ${argument}`, async () => {
        await assert.rejects(
          run(process.execPath, [mainProgram, argument]),
          (error: { code: number; stderr: string }) => {
            assert.equal(error.code, 2);
            assert.match(error.stderr, says);
            return true;
          },
        );
      });
    }
  });
});
