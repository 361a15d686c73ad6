/** Argo CD's application controller and repo server with a Redis, as processes beside a control plane. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@gpumedia/processor/src/testing/free-port.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/crds.ts";
import { systemPath } from "../cluster/process-node/network-namespace.ts";
import { argoCdEdits } from "./argocd/edits.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";

const argoCd = {
  name: "argocd",
  module: "github.com/argoproj/argo-cd/v3",
  programs: { argocd: "./cmd" },
  edits: argoCdEdits,
  toolchain: "go1.27.0",
} as const satisfies PeerModule<string>;

/** Builds the program, which is the controller or the repo server by its environment. */
export async function argoCdProgram(): Promise<string> {
  return (await peerPrograms(argoCd)).argocd;
}

/** Why there is no Redis; undefined if there is. */
export function whyNoRedis(): string | undefined {
  const { error } = spawnSync("redis-server", ["--version"], { env: systemPath() });
  return error === undefined ? undefined : "redis-server is not on the PATH: install Debian's package redis-server";
}

export const argoCdNamespace = "argocd";
const account = { namespace: argoCdNamespace, serviceAccount: "argocd-application-controller" };
/** The controller's user on the API server. */
export const argoCdUser = `system:serviceaccount:${argoCdNamespace}:argocd-application-controller`;

/** Its roles and configuration, as Argo CD ships them. */
const objects = ["base/application-controller-roles", "cluster-rbac/application-controller", "base/config"];

export class ArgoCd {
  readonly #cluster: Cluster;
  #ports!: Readonly<Record<"redis" | "repoServer" | "repoServerMetrics" | "controllerMetrics", number>>;

  /** Installs its CRDs, rights and configuration with our health checks, and starts it. */
  static async start(cluster: Cluster): Promise<ArgoCd> {
    const manifests = join(await sourceOf(argoCd), "manifests");
    const crds = ["application", "applicationset", "appproject"].map((name) =>
      join(manifests, `crds/${name}-crd.yaml`),
    );
    await installCrds(cluster.kubectlWithInput, crds);
    await cluster.kubectl("create", "namespace", argoCdNamespace);
    for (const folder of objects) await cluster.kubectl("apply", "-n", argoCdNamespace, "-k", join(manifests, folder));
    const configMap = ["patch", "-n", argoCdNamespace, "configmap", "argocd-cm"];
    await cluster.kubectl(...configMap, "--patch-file", "examples/gitops/argocd-cm.yaml");
    // The API server of Argo CD, which is not here, would create it.
    await cluster.kubectlWithInput(defaultProject, "apply", "-f", "-");
    const started = new ArgoCd(cluster);
    await started.startAll();
    return started;
  }

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async startAll(): Promise<void> {
    const [redis, repoServer, repoServerMetrics, controllerMetrics] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    this.#ports = { redis, repoServer, repoServerMetrics, controllerMetrics };
    await this.#startRedis();
    await this.#startRepoServer();
    await this.#startController();
  }

  /** Stops all of it, as when it is scaled to zero: its objects stay. */
  async stop(): Promise<void> {
    for (const name of ["argocd-application-controller", "argocd-repo-server", "argocd-redis"]) {
      await this.#cluster.processes.kill(name);
    }
  }

  async #startRedis(): Promise<void> {
    const parameters = ["--bind", "127.0.0.1", "--port", String(this.#ports.redis), "--save", "", "--appendonly", "no"];
    await this.#cluster.processes.start("argocd-redis", {
      command: "redis-server",
      parameters: [...parameters, "--dir", this.#cluster.directory],
    });
  }

  async #startRepoServer(): Promise<void> {
    const { redis, repoServer, repoServerMetrics } = this.#ports;
    await this.#start("argocd-repo-server", this.#cluster.kubeconfig, [
      "--address=127.0.0.1",
      `--port=${repoServer}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${repoServerMetrics}`,
      "--disable-tls",
      // Its default is refused without TLS.
      "--client-ca-path=",
      `--redis=127.0.0.1:${redis}`,
      // Default: a branch is read anew after three minutes.
      "--revision-cache-expiration=1s",
    ]);
  }

  async #startController(): Promise<void> {
    const { redis, repoServer, controllerMetrics } = this.#ports;
    await this.#start(
      "argocd-application-controller",
      await this.#cluster.serviceAccountKubeconfig({ ...account, rbac: [] }),
      [
        `--namespace=${argoCdNamespace}`,
        // Default: 180 s with a jitter of 60 s.
        "--app-resync=5",
        "--app-resync-jitter=0",
        `--metrics-port=${controllerMetrics}`,
        `--repo-server=127.0.0.1:${repoServer}`,
        "--repo-server-plaintext",
        `--redis=127.0.0.1:${redis}`,
      ],
    );
  }

  async #start(name: string, kubeconfig: string, parameters: readonly string[]): Promise<void> {
    const directory = join(this.#cluster.directory, `${name}-${randomUUID()}`);
    await mkdir(directory);
    // Argo CD's image has it on the PATH. The repo server runs it for each revision, also with ARGOCD_GPG_ENABLED=false, and answers
    // "permission denied" without it. In the module's archive it is not executable.
    const wrapper = join(directory, "git-verify-wrapper.sh");
    await copyFile(join(await sourceOf(argoCd), "hack/git-verify-wrapper.sh"), wrapper);
    await chmod(wrapper, 0o755);
    await this.#cluster.processes.start(name, {
      command: await argoCdProgram(),
      parameters,
      env: {
        ARGOCD_BINARY_NAME: name,
        KUBECONFIG: kubeconfig,
        // "https://kubernetes.default.svc" in an Application is then the cluster of the kubeconfig.
        ARGOCD_FAKE_IN_CLUSTER: "true",
        ARGOCD_GPG_ENABLED: "false",
        ARGOCD_ASK_PASS_SOCK: join(directory, "ask-pass.sock"),
        ARGOCD_TLS_DATA_PATH: directory,
        ARGOCD_SSH_DATA_PATH: directory,
        // A StatefulSet's pod has the number of its shard in its name.
        ARGOCD_CONTROLLER_SHARD: "0",
        PATH: `${directory}:${systemPath().PATH}`,
        HOME: directory,
        TMPDIR: directory,
      },
    });
  }
}

const defaultProject = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AppProject",
  metadata: { name: "default", namespace: argoCdNamespace },
  spec: {
    sourceRepos: ["*"],
    destinations: [{ server: "*", namespace: "*" }],
    clusterResourceWhitelist: [{ group: "*", kind: "*" }],
  },
};
