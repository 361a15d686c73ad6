/**
 * prometheus-operator as a process beside a control plane with a process node, and a Prometheus that runs with the configuration which
 * it writes, in place of the pod of its StatefulSet.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { request, type Agent } from "undici";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds, removeCrds } from "../cluster/crds.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { tool } from "../cluster/tools.ts";
import { until } from "../cluster/until.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { startInPod } from "./in-pod.ts";

const prometheusOperator = {
  name: "prometheus-operator",
  module: "github.com/prometheus-operator/prometheus-operator",
  programs: { "prometheus-operator": "./cmd/operator" },
  edits: [
    {
      reason: "the module does not contain the two nested modules: they are published on their own",
      file: "go.mod",
      from: "replace (",
      until: "\n)\n",
      by: "replace (",
    },
  ],
} as const satisfies PeerModule<string>;

/** Builds the programs. */
export async function prometheusOperatorPrograms(): Promise<void> {
  await peerPrograms(prometheusOperator);
  await tool("prometheus");
}

const crds = "example/prometheus-operator-crd";
/** That of its shipped roles, and of its Prometheus. */
const namespace = "default";
const name = "stack";
/** Its user on the API server. */
export const prometheusOperatorUser = `system:serviceaccount:${namespace}:prometheus-operator`;
/** The Prometheus object, as our checklist names it. */
export const prometheusKey = `${namespace}/${name}`;

const healthAddress = `${nodeAddress}:18200`;
const prometheusAddress = `${nodeAddress}:19090`;
const apis = "/apis/monitoring.coreos.com/v1";
const rulesPath = "/etc/prometheus/rules/";

/** The durations of the shared rules, and those with which the tests run: promtool evaluates the real ones in prometheus-rules.spec.ts. */
const shorter: readonly (readonly [from: RegExp, to: string])[] = [
  [/^(\s*)for: \d+m$/gm, "$1for: 5s"],
  [/\[5m\]/g, "[20s]"],
];

interface Selection {
  readonly podMonitorSelector: object;
  readonly podMonitorNamespaceSelector: object;
  readonly ruleSelector: object;
  readonly ruleNamespaceSelector: object;
}

interface Binding {
  readonly name: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
}

export class PrometheusOperator {
  readonly #cluster: Cluster;
  readonly #agent: Agent;

  /** Installs it, with a Prometheus that selects as given, and starts it. */
  static async start(cluster: Cluster, agent: Agent, selection: Selection): Promise<PrometheusOperator> {
    const source = await sourceOf(prometheusOperator);
    const file = (path: string): string => join(source, "example/rbac", `${path}.yaml`);
    const operator = "prometheus-operator/prometheus-operator";
    const rights = [operator, "prometheus/prometheus"].flatMap((path) => [
      `${path}-cluster-role`,
      `${path}-cluster-role-binding`,
      `${path}-service-account`,
    ]);
    await cluster.kubectl("apply", "-n", namespace, ...rights.flatMap((path) => ["-f", file(path)]));
    const started = new PrometheusOperator(cluster, agent);
    await started.install(selection);
    await started.startAgain();
    return started;
  }

  private constructor(cluster: Cluster, agent: Agent) {
    this.#cluster = cluster;
    this.#agent = agent;
  }

  /** Installs its CRDs, and the Prometheus. */
  async install(selection: Selection): Promise<void> {
    await installCrds(this.#cluster.kubectlWithInput, [join(await sourceOf(prometheusOperator), crds)]);
    await this.select(selection);
  }

  /** Creates the Prometheus, or changes what it selects. It has no pods: `runPrometheus` stands in for them. */
  async select(selection: Selection): Promise<void> {
    const prometheus = {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Prometheus",
      metadata: { name, namespace },
      spec: {
        replicas: 0,
        serviceAccountName: "prometheus",
        evaluationInterval: "1s",
        // The reloader in the pod would fill in the pod's name.
        replicaExternalLabelName: "",
        ...selection,
      },
    };
    await this.#cluster.kubectlWithInput(prometheus, "apply", "--server-side", "--force-conflicts", "-f", "-");
  }

  /** Starts it after `stop`. Its conditions on PodMonitors and PrometheusRules are off by default. */
  async startAgain(): Promise<void> {
    const { "prometheus-operator": command } = await peerPrograms(prometheusOperator);
    await startInPod(this.#cluster, {
      name: "prometheus-operator",
      namespace,
      serviceAccount: "prometheus-operator",
      command,
      parameters: [`--web.listen-address=${healthAddress}`, "--feature-gates=StatusForConfigurationResources=true"],
    });
    await this.#untilAnswered(`http://${healthAddress}/healthz`);
  }

  /** Stops it, as when it is scaled to zero. */
  stop(): Promise<void> {
    return this.#cluster.processes.kill("prometheus-operator");
  }

  /** Deletes the Prometheus, whose finalizer only the operator removes, stops the operator, and deletes the CRDs with all objects. */
  async uninstall(): Promise<void> {
    await this.#cluster.kubectl("delete", "prometheuses.monitoring.coreos.com", name, "-n", namespace, "--timeout=60s");
    await this.stop();
    await removeCrds(this.#cluster.kubectlWithInput, [join(await sourceOf(prometheusOperator), crds)]);
  }

  /** Its conditions of the objects in a namespace for our Prometheus, as `Accepted=True`. */
  async acceptance(plural: "podmonitors" | "prometheusrules", within: string): Promise<readonly string[]> {
    const { items } = (await this.#cluster.rest.request("GET", `${apis}/namespaces/${within}/${plural}`)) as {
      readonly items: readonly { readonly status?: { readonly bindings?: readonly Binding[] } }[];
    };
    return items
      .flatMap(({ status }) => status?.bindings ?? [])
      .filter((binding) => binding.name === name)
      .flatMap(({ conditions = [] }) => conditions.map((one) => `${one.type}=${one.status}${one.message ?? ""}`));
  }

  /** The text of the configuration of its Prometheus; empty before it is written. */
  async configuration(): Promise<string> {
    const secret = (await this.#cluster.rest
      .request("GET", `/api/v1/namespaces/${namespace}/secrets/prometheus-${name}`)
      .catch(() => ({}))) as { readonly data?: { readonly "prometheus.yaml.gz"?: string } };
    const { "prometheus.yaml.gz": packed = "" } = secret.data ?? {};
    return packed === "" ? "" : gunzipSync(Buffer.from(packed, "base64")).toString();
  }

  /** The files of the rules that it selects, by name. */
  async ruleFiles(): Promise<Readonly<Record<string, string>>> {
    const { items } = (await this.#cluster.rest.request("GET", `/api/v1/namespaces/${namespace}/configmaps`)) as {
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly data?: Readonly<Record<string, string>>;
      }[];
    };
    const chosen = items.filter(({ metadata }) => metadata.name.startsWith(`prometheus-${name}-rulefiles-`));
    return Object.assign({}, ...chosen.map(({ data }) => data));
  }

  /**
   * Runs a Prometheus with the present configuration and rules, in place of the one before. It finds its pods with a service
   * account's token, as in a pod; only the path of its rules is another, and their durations are shorter.
   */
  async runPrometheus(): Promise<void> {
    await this.#cluster.processes.kill("prometheus");
    const directory = join(this.#cluster.directory, "prometheus-of-operator");
    const rules = join(directory, "rules", `prometheus-${name}-rulefiles-0`);
    await rm(directory, { recursive: true, force: true });
    await mkdir(rules, { recursive: true });
    for (const [file, text] of Object.entries(await this.ruleFiles())) {
      await writeFile(
        join(rules, file),
        shorter.reduce((changed, [from, to]) => changed.replaceAll(from, to), text),
      );
    }
    const file = join(directory, "prometheus.yaml");
    const configuration = (await this.configuration()).replaceAll(rulesPath, `${directory}/rules/`);
    // As the reloader in the pod does, for the first and only shard.
    await writeFile(file, configuration.replaceAll("$(SHARD)", "0"));
    await startInPod(this.#cluster, {
      name: "prometheus",
      namespace,
      serviceAccount: "prometheus",
      command: await tool("prometheus"),
      parameters: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(directory, "series")}`,
        `--web.listen-address=${prometheusAddress}`,
      ],
    });
    await this.#untilAnswered(`http://${prometheusAddress}/-/ready`);
  }

  /** The labels and value of each series of a query. */
  async query(
    expression: string,
  ): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]> {
    const text = await this.#get(`http://${prometheusAddress}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = JSON.parse(text) as {
      readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async #untilAnswered(url: string): Promise<void> {
    await until(
      `${url} to answer`,
      async (see) => (await this.#get(url).catch((error: unknown) => void see(String(error)))) !== undefined,
      {
        withinMs: 120_000,
      },
    );
  }

  async #get(url: string): Promise<string> {
    const { statusCode, body } = await request(url, { dispatcher: this.#agent });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${url} responded with ${statusCode}: ${text}`);
    return text;
  }
}
