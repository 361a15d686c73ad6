/** The process node behaves like a kubelet. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import type { Cluster } from "../../cluster/cluster.ts";
import { onlySince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { loopCluster } from "./loop-cluster.ts";

interface ContainerStatus {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: Readonly<Record<string, ContainerState>>;
  readonly lastState: ContainerStatus["state"];
  readonly resources?: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>>>>;
}
interface ContainerState {
  readonly exitCode?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly startedAt?: string;
}
interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** A server that is ready while the file of $SWITCH contains "on", and live unless the file `dead` exists. */
const server = `
const { existsSync, readFileSync } = require("node:fs");
require("node:http").createServer(({ url }, answer) => {
  const isFine = url === "/live" ? !existsSync("dead") : readFileSync(process.env.SWITCH, "utf8") === "on";
  answer.writeHead(isFine ? 200 : 503).end(String(process.pid));
}).listen(8080, process.env.POD_IP);
process.on("SIGTERM", () => { console.log("received SIGTERM"); process.exit(0); });
`;

describe("the process node", () => {
  let cluster: Cluster;
  let namespace: string;

  beforeEach(async () => {
    cluster = await loopCluster();
    namespace = await cluster.newNamespace("node");
  });
  afterEach(() => cluster.rest.delete(`/api/v1/namespaces/${namespace}`));

  async function create(name: string, container: object, spec: object = {}): Promise<void> {
    const manifest = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { app: name } },
      spec: { restartPolicy: "Always", ...spec, containers: [{ name: "main", image: "node", ...container }] },
    };
    await cluster.kubectlWithInput(stringify(manifest), "create", "-n", namespace, "-f", "-");
  }

  async function untilPod<T>(
    name: string,
    what: string,
    read: (pod: Pod, container: ContainerStatus) => T | undefined | false,
  ) {
    return until(`${name} ${what}`, async (see) => {
      const pod = (await cluster.rest.get(`/api/v1/namespaces/${namespace}/pods/${name}`)) as Pod | undefined;
      const container = see(pod?.status)?.containerStatuses?.[0];
      return pod !== undefined && container !== undefined && read(pod, container);
    });
  }

  it("restarts a crashing container with a back-off, and reports its termination message", async () => {
    await create("crashes", { command: ["sh", "-c", 'printf "no model" >"$GPUMEDIA_TERMINATION_LOG"; exit 7'] });
    const last = await untilPod(
      "crashes",
      "to wait after its second crash",
      (_pod, { state, restartCount, lastState }) =>
        restartCount > 0 && state["waiting"]?.reason === "CrashLoopBackOff" && lastState["terminated"],
    );
    assert.deepEqual([last?.exitCode, last?.reason, last?.message], [7, "Error", "no model"]);
  });

  it("uses the log as the termination message if the container specifies it", async () => {
    const command = ["sh", "-c", "echo out of memory; exit 1"];
    await create("logs", { command, terminationMessagePolicy: "FallbackToLogsOnError" }, { restartPolicy: "Never" });
    const terminated = await untilPod(
      "logs",
      "to fail",
      ({ status }, { state }) => status.phase === "Failed" && state["terminated"],
    );
    assert.equal(terminated?.message, "out of memory\n");
  });

  it("updates a mounted ConfigMap, probes containers, restarts a dead one, and stops it gracefully", async () => {
    await cluster.kubectl("create", "configmap", "switch", "-n", namespace, "--from-literal=on=off");
    const probe = { periodSeconds: 1, failureThreshold: 1 };
    await create(
      "served",
      {
        command: ["node", "-e", server],
        env: [
          { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "SWITCH", value: "/switch/on" },
        ],
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: { ...probe, httpGet: { path: "/ready", port: "http" } },
        livenessProbe: { ...probe, httpGet: { path: "/live", port: "http" }, initialDelaySeconds: 1 },
        lifecycle: { preStop: { exec: { command: ["sh", "-c", "echo >stopping"] } } },
        volumeMounts: [{ name: "switch", mountPath: "/switch" }],
      },
      { volumes: [{ name: "switch", configMap: { name: "switch" } }] },
    );
    const uid = await untilPod(
      "served",
      "to run without being ready",
      ({ metadata }, { state, ready }) => "running" in state && !ready && metadata.uid,
    );
    await cluster.kubectl("patch", "configmap", "switch", "-n", namespace, "-p", '{"data":{"on":"on"}}');
    await untilPod("served", "to be ready", (_pod, { ready }) => ready);

    const directory = join(cluster.directory, "process-node", uid);
    await writeFile(join(directory, "dead"), "");
    await untilPod("served", "to be restarted", (_pod, { restartCount }) => restartCount > 0);
    const log = await readFile(join(directory, "main.log"), "utf8");
    assert.match(log, /^received SIGTERM$/m);
    assert.equal(await readFile(join(directory, "stopping"), "utf8"), "\n");
  });

  // A VerticalPodAutoscaler resizes pods in place where this is possible, and otherwise evicts them.
  onlySince("1.33")("lets a running container be resized in place, without a restart", async () => {
    const resources = { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "1", memory: "128Mi" } };
    await create("resized", { command: ["sleep", "600"], resources }, { terminationGracePeriodSeconds: 0 });
    const { startedAt } = await untilPod(
      "resized",
      "to report its resources",
      (_pod, { state, resources: reported }) => reported?.requests?.["memory"] === "64Mi" && state["running"],
    );
    const changed = { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "192Mi" } };
    const patch = JSON.stringify({ spec: { containers: [{ name: "main", resources: changed }] } });
    await cluster.kubectl("patch", "pod", "resized", "-n", namespace, "--subresource=resize", "-p", patch);
    const { state, restartCount } = await untilPod(
      "resized",
      "to report the new resources",
      (_pod, container) => isDeepStrictEqual(container.resources, changed) && container,
    );
    assert.deepEqual([state["running"]?.startedAt, restartCount], [startedAt, 0]);
    return undefined;
  });

  it("runs Jobs to completion", async () => {
    await cluster.kubectl("create", "job", "once", "-n", namespace, "--image=node", "--", "node", "-e", "0");
    await cluster.kubectl("wait", "job/once", "-n", namespace, "--for=condition=Complete", "--timeout=110s");
  });

  it("assigns a GPU to one pod only, and reports what it does not support", async () => {
    const command = ["sleep", "600"];
    const resources = { limits: { "nvidia.com/gpu": "1" } };
    const env = [{ name: "SECRET", valueFrom: { secretKeyRef: { name: "any", key: "any" } } }];
    // A pod with a node name bypasses the scheduler, as if the node's GPUs were counted wrongly.
    const here = { nodeName: "process-node", terminationGracePeriodSeconds: 0 };
    // A pod of an earlier spec that is still terminating would make the node reject one of these.
    await until("the pods of other specs to be deleted", async (see) => {
      const onNode = ["--field-selector", `spec.nodeName=${here.nodeName}`];
      return see(await cluster.kubectl("get", "pods", "-A", "-o", "name", ...onNode)) === "";
    });
    const names = ["gpu-0", "gpu-1", "gpu-2", "gpu-3"];
    for (const name of names) await create(name, { command, resources }, here);
    for (const name of names) await untilPod(name, "to run", ({ status }) => status.phase === "Running");
    await create("gpu-4", { command, resources }, here);
    const reason = await untilPod("gpu-4", "to fail", ({ status }) => status.phase === "Failed" && status.reason);
    assert.equal(reason, "UnexpectedAdmissionError");
    await create("unknown", { command, env });
    const waiting = await untilPod("unknown", "to wait", (_pod, { state }) => state["waiting"]?.message);
    assert.equal(waiting, "container main: variable SECRET is neither a value nor a fieldRef");
  });
});
