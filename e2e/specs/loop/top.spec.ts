/** `kubectl gpumedia top` as users run it: with real processors, through the API server, with the user's permissions. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { Snapshot } from "@gpumedia/operator/src/cli/top/snapshot.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { keepBusy } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf, fixed, loopWorkspace, withModule } from "./loop-cluster.ts";

const program = fileURLToPath(new URL("../../../operator/bin/kubectl-gpumedia.js", import.meta.url));

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("kubectl gpumedia top", () => {
  const work = loopWorkspace("suite");

  before(async () => {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"] });
    await work.apply("upscaler", { ...fixed(2), gpu: { count: 1 } });
    // This file exists, so the reports are cut off from the start.
    const processing = withModule(new URL("cut-reports.ts", import.meta.url), "CUT_REPORTS", import.meta.url);
    await work.apply("mute", { ...fixed(1), gpu: { count: 0 }, processing });
    await work.apply("waiting", { ...fixed(1), gpu: { count: 8 } });
    for (const name of ["upscaler", "mute"]) {
      await work.untilCondition(name, "Ready", { status: "True" }, { withinMs: 90_000 });
    }
    await work.untilCondition("waiting", "Ready", { reason: "WaitingForGpu" });
  });

  function top(parameters: readonly string[], kubeconfig = work.cluster.kubeconfig): Promise<Printed> {
    const argv = [program, "top", "--kubeconfig", kubeconfig, ...parameters];
    return new Promise((resolve) => {
      execFile(process.execPath, argv, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  }

  async function snapshot(...parameters: readonly string[]): Promise<Snapshot> {
    const { code, out, err } = await top(["-n", work.namespace, "--once", "-o", "json", ...parameters]);
    assert.deepEqual([code, err], [0, ""]);
    return JSON.parse(out) as Snapshot;
  }

  /** Returns the kubeconfig of a user with these permissions in the services' namespace. */
  function userWith(name: string, rules: readonly object[]): Promise<string> {
    const { namespace } = work;
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const apiGroup = "rbac.authorization.k8s.io";
    const metadata = { name, namespace };
    const role = { apiVersion, kind: "Role", metadata, rules };
    const subjects = [{ kind: "ServiceAccount", name, namespace }];
    const binding = { apiVersion, kind: "RoleBinding", metadata, roleRef: { apiGroup, kind: "Role", name }, subjects };
    return work.cluster.serviceAccountKubeconfig({ namespace, serviceAccount: name, rbac: [role, binding] });
  }

  it("shows the load of pods and their GPUs, and why others do not report", async () => {
    const address = await addressOf(work, "upscaler", work.agent);
    const endLoad = keepBusy(address, work.agent, 2);
    let busy: Snapshot["services"][number];
    try {
      busy = await until("a snapshot with the load", async (see) => {
        const { services } = await snapshot();
        const found = see(services.find(({ name }) => name === "upscaler"));
        const gpus = found?.pods.flatMap((pod) => pod.gpus) ?? [];
        // Both keep-alive connections may lead to the same pod.
        const hasLoad = (found?.requestsPerSecond ?? 0) > 0 && gpus.some(({ gpuPercent }) => (gpuPercent ?? 0) > 0);
        // On a busy machine, a pod may respond too late for one snapshot.
        return hasLoad && found?.pods.every(({ problem }) => problem === null) === true && found;
      });
    } finally {
      await endLoad();
    }
    assert.equal(busy.pods.length, 2);
    for (const pod of busy.pods) {
      assert.deepEqual([pod.ready, pod.problem, pod.gpus.length], [true, null, 1]);
      assert.ok((pod.gpuPowerWatts ?? 0) > 0 && (pod.gpuTemperatureCelsius ?? 0) > 0);
      assert.ok((pod.gpuMemoryTotalBytes ?? 0) > 2 ** 30, `${pod.gpuMemoryTotalBytes} bytes`);
    }
    assert.ok((busy.latencyP95Milliseconds ?? 0) > 0);

    const rows = await until("the connection that the mute pod cuts off", async (see) => {
      const { out } = await top(["-n", work.namespace]);
      const shown = out.split("\n").map((line) => line.replace(/^ {2}\w+(-\w+){2}/, "  POD"));
      return /\nmute .*\n {2}POD +the API server cannot reach it: .*EOF\n/.test(see(shown.join("\n"))) && shown;
    });
    assert.match(rows[0] ?? "", /^NAME +GPU +GPU MEM +TEMP +POWER +RPS +P95 +QUEUE/);
    // Where the lines wrap depends on the length of the pod's name.
    const [, waiting = ""] = /\nwaiting ([^]*)$/.exec(rows.join("\n")) ?? [];
    assert.match(
      waiting.replaceAll(/\s+/g, " "),
      / 0\/1 ready, not Ready 0 of 1 replicas are ready; pod \S+ is waiting for a GPU: no node has 8 nvidia.com\/gpu: the largest has 4; lower gpu.count, or add a larger node POD is waiting for a GPU /,
    );
  });

  it("shows only the named services, and exits with 1 for a missing one", async () => {
    const { services } = await snapshot("mute");
    assert.deepEqual(
      services.map(({ name }) => name),
      ["mute"],
    );
    assert.deepEqual(await top(["-n", work.namespace, "missing"]), {
      code: 1,
      out: "",
      err: `GpuMediaService missing not found in namespace ${work.namespace}\n`,
    });
  });

  it("shows the rows and the missing permission to a user without access to pods, and exits with 0", async () => {
    const kubeconfig = await userWith("reader", [
      { apiGroups: ["gpumedia.io"], resources: ["gpumediaservices"], verbs: ["list"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    ]);
    // The namespace is that of the kubeconfig's context.
    const { code, out, err } = await top(["upscaler"], kubeconfig);
    assert.deepEqual([code, err], [0, ""]);
    const missing = `forbidden: requires "get" on "pods/proxy" in namespace ${work.namespace}`;
    assert.equal(out.split("\n").filter((line) => line.endsWith(missing)).length, 2, out);
  });

  it("shows everything to a user with the three documented permissions", async () => {
    const kubeconfig = await userWith("watcher", [
      { apiGroups: ["gpumedia.io"], resources: ["gpumediaservices"], verbs: ["list"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
      { apiGroups: [""], resources: ["pods/proxy"], verbs: ["get"] },
    ]);
    // On a busy machine, a pod may respond too late for one snapshot.
    await until("a snapshot of both pods without a problem", async (see) => {
      const { out } = await top(["upscaler", "-o", "json"], kubeconfig);
      const { services } = JSON.parse(out) as Snapshot;
      return isDeepStrictEqual(see(services.flatMap(({ pods }) => pods.map(({ problem }) => problem))), [null, null]);
    });
  });

  it("exits with 1 and the API server's message for a user who may not list services", async () => {
    const kubeconfig = await userWith("stranger", []);
    const { code, out, err } = await top([], kubeconfig);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^gpumediaservices\.gpumedia\.io is forbidden: User "[^"]+:stranger" cannot list .*\n$/);
  });

  it("redraws a terminal until q is pressed, and restores it", async () => {
    // `script` provides a terminal.
    const command = `stty cols 100 rows 30; exec ${process.execPath} ${program} top --kubeconfig ${work.cluster.kubeconfig} -n ${work.namespace} --interval 200ms`;
    const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    let screen = "";
    child.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
    const untilShown = (text: string): Promise<true> =>
      until(`${text} on the screen`, (see) => see(screen).includes(text));
    await untilShown("upscaler ");
    await work.apply("latecomer", { ...fixed(0), gpu: { count: 0 } });
    await untilShown("latecomer ");
    await work.delete(serviceType, "latecomer");
    child.stdin.write("q");
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 0);
    assert.ok(screen.endsWith("\u001B[?25h\u001B[?1049l"), JSON.stringify(screen.slice(-100)));
  });
});
