/**
 * Stands in for kubelet, device plugin and kube-proxy of one node, whose pods run as processes on this machine.
 *
 *     node main.ts KUBECONFIG DIRECTORY NAME GPUS BACK_OFF_MS
 *
 * Runs in a private network (private-network.ts), whose hosts file is in DIRECTORY. docs/testing.md lists what is missing.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { Rest } from "../rest.ts";
import { Gpus } from "./gpus.ts";
import { Kubelet } from "./kubelet.ts";
import { nodeAddress, resourceMetricsPort } from "./network-namespace.ts";
import { serveResourceMetrics } from "./resource-metrics.ts";
import { hosts, routes, ServiceProxy, type EndpointSlice, type Service } from "./service-proxy.ts";

const [kubeconfig = "", directory = "", name = "", gpus = "", backOffMs = ""] = process.argv.slice(2);
const syncEveryMs = 200;
const followEveryMs = 1_000;

const rest = await restOf(kubeconfig);
const kubelet = new Kubelet(name, {
  rest,
  gpus: new Gpus(Number(gpus)),
  directory: join(directory, name),
  address: nodeAddress,
  backOffMs: Number(backOffMs),
  programs: {
    "gpumedia-processor": programOf("workload/bin/gpumedia-processor.js"),
    "gpumedia-loadtest": programOf("workload/loadtest/bin/gpumedia-loadtest.js"),
  },
  nextPodIP: podIPs(),
});
const proxy = new ServiceProxy();
void repeat(syncEveryMs, () => kubelet.sync());
void repeat(syncEveryMs, syncServices);
void repeat(followEveryMs, () => kubelet.followLoad());
await serveResourceMetrics({ address: nodeAddress, port: resourceMetricsPort }, () => kubelet.runningContainers);

/** For ever: an error is logged, and the next call tries again. */
async function repeat(everyMs: number, work: () => Promise<void>): Promise<never> {
  for (;;) {
    await work().catch((error: unknown) => void process.stderr.write(`${String(error)}\n`));
    await pause(everyMs);
  }
}

let known = "";

async function syncServices(): Promise<void> {
  const [services, slices] = await Promise.all([
    items<Service>("/api/v1/services"),
    items<EndpointSlice>("/apis/discovery.k8s.io/v1/endpointslices"),
  ]);
  proxy.update(routes(services, slices));
  const text = hosts(services);
  // In place: this very file is mounted over /etc/hosts.
  if (text !== known) await writeFile(join(directory, "hosts"), text);
  known = text;
}

async function items<T>(path: string): Promise<readonly T[]> {
  return ((await rest.request("GET", path)) as { readonly items: readonly T[] }).items;
}

function programOf(file: string): readonly [string, string] {
  return [process.execPath, fileURLToPath(new URL(`../../../${file}`, import.meta.url))];
}

/** 10.244.0.2, 10.244.0.3, …: none is used twice, so that no client mistakes a pod for an earlier one. */
function podIPs(): () => string {
  let last = 1;
  return () => {
    last++;
    return `10.244.${last >> 8}.${last & 0xff}`;
  };
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

async function restOf(file: string): Promise<Rest> {
  const { clusters, users } = parse(await readFile(file, "utf8")) as Kubeconfig;
  const { server = "", "certificate-authority-data": authority = "" } = clusters[0]?.cluster ?? {};
  const { "client-certificate-data": certificate = "", "client-key-data": key = "" } = users[0]?.user ?? {};
  const text = (base64: string): string => Buffer.from(base64, "base64").toString();
  return new Rest(server, text(authority), { certificate: text(certificate), key: text(key) });
}
