/** The life of a cluster: how it starts, and that nothing is left of it, however it is stopped. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startCluster } from "../cluster/cluster.ts";
import { freePort } from "../../workload/src/testing/free-port.ts";
import { ProcessFailure } from "../cluster/processes.ts";
import { remainsOf, untilGone } from "../cluster/remains.ts";
import { sharedCluster } from "../cluster/shared.ts";

const mainProgram = fileURLToPath(new URL("../cluster/main.ts", import.meta.url));
const programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"];
const run = promisify(execFile);

function environmentOf(output: string): NodeJS.ProcessEnv {
  const [, kubeconfig = ""] = /export KUBECONFIG=(\S+)/.exec(output) ?? [];
  const [, path = ""] = /export PATH=([^:]+):/.exec(output) ?? [];
  return { ...process.env, KUBECONFIG: kubeconfig, PATH: `${path}:${process.env.PATH}` };
}

async function nodesWith(env: NodeJS.ProcessEnv): Promise<string> {
  const columns = "custom-columns=NAME:.metadata.name,GPUS:.status.allocatable.nvidia\\.com/gpu";
  return (await run("kubectl", ["get", "nodes", "--no-headers", "-o", columns], { env })).stdout;
}

describe("a separate cluster", () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

  it("tries another port when its port is in use, shares nothing with another cluster, and stops alone", async () => {
    const other = await sharedCluster();
    const occupant = createServer().listen(0, "127.0.0.1");
    await once(occupant, "listening");
    const { port: taken } = occupant.address() as AddressInfo;
    const free = await freePort();
    const ports = [taken, free];
    await using cluster = await startCluster({ port: async () => ports.shift() ?? 0 });
    occupant.close();
    assert.equal(cluster.server, `https://127.0.0.1:${free}`);
    const { directory, pids, keeperPid } = cluster.processes;
    assert.deepEqual(Object.keys(pids).toSorted(), programs);
    await cluster.kubectl("create", "configmap", "only-here");
    await assert.rejects(other.kubectl("get", "configmap", "only-here"), /NotFound/);
    await cluster.stop();
    assert.deepEqual(remainsOf({ directory, pids, keeperPid }), []);
    await other.kubectl("get", "namespace", "default");
  });

  it("fails with the end of the log of the process that failed", async () => {
    await assert.rejects(startCluster({ scheduler: { parameters: ["--no-such-flag"] } }), {
      name: ProcessFailure.name,
      message: /^kube-scheduler exited unexpectedly \(exit 1\); the end of its log:\n[^]*unknown flag: --no-such-flag/,
    });
  });

  it("keeps its objects when its API server is restarted, and continues to log requests", async () => {
    const cluster = await sharedCluster();
    await cluster.kubectl("create", "configmap", "kept");
    const before = cluster.processes.pids["kube-apiserver"];
    await cluster.restart("kube-apiserver");
    assert.notEqual(cluster.processes.pids["kube-apiserver"], before);
    await cluster.kubectl("get", "configmap", "kept");
    await cluster.audit.waitFor({ verb: "create", resource: "configmaps", name: "kept", code: 201 });
    await cluster.audit.waitFor({ verb: "get", resource: "configmaps", name: "kept", code: 200 });
  });

  describe("of `make cluster`", () => {
    it("can be used with the printed commands, and is gone after Ctrl-C", async () => {
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
      assert.match(await nodesWith(env), /^gpu-node-0 +8\n$/);
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number | null];
      assert.equal(code, 0);
      await assert.rejects(readFile(env.KUBECONFIG ?? ""), { code: "ENOENT" });
    });

    it("keeps running in the background, and is gone after the printed command", async () => {
      const { stdout } = await run(process.execPath, [mainProgram, "--nodes=1", "--detach"]);
      const env = environmentOf(stdout);
      const [, pid = ""] = /\nTo stop it: kill (\d+)\n$/.exec(stdout) ?? assert.fail(stdout);
      const directory = join(env.KUBECONFIG ?? "", "..");
      assert.match(await nodesWith(env), /^gpu-node-0 +4\n$/);
      await run("kill", [pid]);
      await untilGone({ directory, pids: { main: Number(pid) }, keeperPid: undefined });
    });

    for (const [argument, stderr] of Object.entries({
      "--nodes=many": /'many' is invalid.*must be a whole number/,
      "--apis=vpa,unknown": /unknown API unknown: must be one of vpa,/,
      "--what": /unknown option '--what'/,
    })) {
      it(`refuses ${argument}`, async () => {
        await assert.rejects(run(process.execPath, [mainProgram, argument]), { code: 2, stderr });
      });
    }
  });
});
