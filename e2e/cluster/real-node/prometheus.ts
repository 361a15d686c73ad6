/** Prometheus beside the cluster, configured from the PodMonitors and PrometheusRules as by prometheus-operator. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request, type Agent } from "undici";
import { stringify } from "yaml";
import type { Cluster } from "../cluster.ts";
import type { KubernetesObject } from "../rest.ts";
import { tool } from "../tools.ts";
import { until } from "../until.ts";

export type PodMonitor = KubernetesObject & {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly {
      readonly port: string;
      readonly path?: string;
      readonly interval?: string;
    }[];
  };
};
type PrometheusRule = KubernetesObject & { readonly spec: { readonly groups: readonly object[] } };

/** One sample of a query's result. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** In the cluster's network, where it is `http://` and this. */
export const prometheusAddress = "127.0.0.1:9090";
const apis = "/apis/monitoring.coreos.com/v1";
const fileOf = { config: "prometheus.yaml", rules: "prometheus-rules" } as const;

/** The scrape configurations that prometheus-operator writes for a PodMonitor, as far as ours need them. */
export function scrapeConfigs(
  { metadata, spec }: PodMonitor,
  kubeconfig: string,
  relabelings: readonly object[] = [],
): readonly object[] {
  const { namespace = "", name } = metadata;
  return spec.podMetricsEndpoints.map(({ port, path = "/metrics", interval }, index) => ({
    job_name: `podMonitor/${namespace}/${name}/${index}`,
    metrics_path: path,
    ...(interval === undefined ? {} : { scrape_interval: interval, scrape_timeout: interval }),
    kubernetes_sd_configs: [{ role: "pod", kubeconfig_file: kubeconfig, namespaces: { names: [namespace] } }],
    relabel_configs: [
      ...Object.entries(spec.selector.matchLabels).map(([label, value]) => keep(`pod_label_${escaped(label)}`, value)),
      keep("pod_container_port_name", port),
      take("namespace", "namespace"),
      take("pod_name", "pod"),
      take("pod_container_name", "container"),
      ...relabelings,
    ],
  }));
}

const escaped = (label: string): string => label.replaceAll(/[^a-zA-Z0-9_]/g, "_");
const keep = (source: string, regex: string): object => {
  return { action: "keep", source_labels: [`__meta_kubernetes_${source}`], regex: regex.replaceAll(".", "\\.") };
};
/** All targets. */
const drop = { action: "drop", regex: ".*" };
const take = (source: string, target: string): object => {
  return { source_labels: [`__meta_kubernetes_${source}`], target_label: target };
};

export class Prometheus {
  readonly #cluster: Cluster;
  readonly #agent: Agent;

  /** Configured from the present objects: see `reload`. */
  static async start(cluster: Cluster, agent: Agent): Promise<Prometheus> {
    const prometheus = new Prometheus(cluster, agent);
    const command = await tool("prometheus");
    await prometheus.#write(await prometheus.#monitors());
    const directory = cluster.directory;
    await cluster.processes.start("prometheus", {
      command,
      parameters: [
        `--config.file=${join(directory, fileOf.config)}`,
        `--storage.tsdb.path=${join(directory, "prometheus")}`,
        `--web.listen-address=${prometheusAddress}`,
      ],
    });
    await prometheus.untilReady();
    return prometheus;
  }

  /**
   * Configures it anew, from the objects that there are now. `nothing` drops all targets, whose series then end; those of a job that is
   * removed were still there after two minutes (Prometheus 3.16).
   */
  async reload(scrape: "all" | "nothing" = "all"): Promise<void> {
    await this.#write(await this.#monitors(), scrape === "nothing" ? [drop] : []);
    this.#cluster.processes.signal("prometheus", "SIGHUP");
  }

  async untilReady(): Promise<void> {
    await until("Prometheus to be ready", () => this.#get("/-/ready").catch(() => undefined));
  }

  private constructor(cluster: Cluster, agent: Agent) {
    this.#cluster = cluster;
    this.#agent = agent;
  }

  async query(expression: string): Promise<readonly Sample[]> {
    const text = await this.#get(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = JSON.parse(text) as {
      readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  #monitors(): Promise<readonly PodMonitor[]> {
    return this.#read("podmonitors");
  }

  async #read<T>(kind: string): Promise<readonly T[]> {
    return ((await this.#cluster.rest.request("GET", `${apis}/${kind}`)) as { readonly items: readonly T[] }).items;
  }

  async #write(monitors: readonly PodMonitor[], relabelings: readonly object[] = []): Promise<void> {
    const { directory, kubeconfig } = this.#cluster;
    const rules = await this.#read<PrometheusRule>("prometheusrules");
    const config = {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: [`${fileOf.rules}/*.yaml`],
      scrape_configs: monitors.flatMap((monitor) => scrapeConfigs(monitor, kubeconfig, relabelings)),
    };
    await mkdir(join(directory, fileOf.rules), { recursive: true });
    // A file each: several objects may have groups of the same name, one file may not.
    for (const { metadata, spec } of rules) {
      const file = join(directory, fileOf.rules, `${metadata.namespace}-${metadata.name}.yaml`);
      await writeFile(file, stringify({ groups: spec.groups }));
    }
    await writeFile(join(directory, fileOf.config), stringify(config));
  }

  async #get(path: string): Promise<string> {
    const { statusCode, body } = await request(`http://${prometheusAddress}${path}`, { dispatcher: this.#agent });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`Prometheus responded with ${statusCode}: ${text}`);
    return text;
  }
}
