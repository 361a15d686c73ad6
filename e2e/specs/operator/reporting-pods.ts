/** Pods that report utilization: kwok's pods get a loopback address on which this process responds for them. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { UtilizationReport } from "@gpumedia/api";
import { sampleReport } from "@gpumedia/operator/src/utilization/report.sample.ts";
import type { KubeObject, ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import type { Workspace } from "./workspace.ts";

export const pods: ResourceType = { group: "", version: "v1", kind: "Pod", resource: "pods", namespaced: true };

export type PodAnswer = UtilizationReport | RequestListener;

/** Other test runs on this machine, with other process ids, use other addresses. */
const network = `127.${64 + ((process.pid >> 8) & 63)}.${process.pid & 255}`;
let addresses = 0;

export class ReportingPod implements AsyncDisposable {
  readonly name: string;
  answer: PodAnswer = sampleReport;
  /** Number of requests received. */
  requests = 0;
  readonly #server: Server;

  /** Gives a ready pod an address on which this process responds, until the workspace is closed. */
  static async open(work: Workspace, pod: KubeObject): Promise<ReportingPod> {
    const address = `${network}.${++addresses}`;
    const reporting = new ReportingPod(pod);
    reporting.#server.listen(8080, address);
    await once(reporting.#server, "listening");
    await work.patchPodStatus(pod.metadata.name, { podIP: address, podIPs: [{ ip: address }] });
    return work.resources.use(reporting);
  }

  private constructor({ metadata }: KubeObject) {
    this.name = metadata.name;
    this.#server = createServer((request, response) => {
      this.requests++;
      if (typeof this.answer === "function") this.answer(request, response);
      else response.end(JSON.stringify(withOwnGpus(this.answer, this.name)));
    });
  }

  async untilRequested(more: number): Promise<void> {
    const target = this.requests + more;
    await until(`${target} requests to ${this.name}`, (see) => see(this.requests) >= target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Pods that report one sample would otherwise share its GPUs. */
function withOwnGpus(answer: UtilizationReport, pod: string): UtilizationReport {
  const sampled = new Set(sampleReport.gpus.devices.map(({ uuid }) => uuid));
  const devices = answer.gpus.devices.map((device) =>
    sampled.has(device.uuid) ? { ...device, uuid: `${device.uuid} of ${pod}` } : device,
  );
  return { ...answer, gpus: { ...answer.gpus, devices } };
}

/** Waits until the service has exactly this number of ready pods, and returns them. */
export async function readyPods(work: Workspace, service: string, count: number): Promise<readonly KubeObject[]> {
  return until(`${count} ready pods of ${service}`, async (see) => {
    const ready = (await podsOf(work, service)).filter(isReady);
    see(ready.map(({ metadata }) => metadata.name));
    return ready.length === count && ready;
  });
}

export async function podsOf({ client, namespace }: Workspace, service: string): Promise<readonly KubeObject[]> {
  return (await client.list(pods, { namespace, labelSelector: `gpumedia.io/service=${service}` })).items;
}

/** Applies a service, and lets its two pods report once it is ready. */
export async function serveReporting(work: Workspace, name: string, spec: object = {}): Promise<ReportingPod[]> {
  await work.apply(name, spec);
  await work.untilReady(name);
  const reporting: ReportingPod[] = [];
  for (const pod of await readyPods(work, name, 2)) reporting.push(await ReportingPod.open(work, pod));
  return reporting;
}

export function isReady(
  pod: KubeObject & { readonly status?: { conditions?: { type: string; status: string }[] } },
): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

/** A report of a pod with live video, and without WebSocket streams. */
export function streaming(live: Partial<NonNullable<UtilizationReport["live"]>>): UtilizationReport {
  return {
    ...report({}),
    sessions: 0,
    live: {
      sessions: 0,
      publishers: 2,
      viewers: 0,
      sessionLimit: 20,
      framesPerSecond: 58,
      droppedShare: 0.012,
      latencyMs: { p50: 20, p95: 35 },
      ...live,
    },
  };
}

/** The sample report with some members changed. */
export function report(change: {
  readonly gpuPercent?: number | null;
  /** Default: a GPU that the pod has alone. */
  readonly uuid?: string;
  readonly busyPercent?: number;
  readonly requests?: Partial<UtilizationReport["requests"]>;
}): UtilizationReport {
  const { gpuPercent = 72, uuid, busyPercent = sampleReport.workers.busyPercent, requests = {} } = change;
  const devices = sampleReport.gpus.devices.map((device) => ({
    ...device,
    uuid: uuid ?? device.uuid,
    utilizationPercent: gpuPercent,
  }));
  return {
    ...sampleReport,
    gpus: { ...sampleReport.gpus, devices },
    requests: { ...sampleReport.requests, ...requests },
    workers: { ...sampleReport.workers, busyPercent },
  };
}
