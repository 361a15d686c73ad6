/** Pods that report a utilization: those of kwok get an address on loopback, where this process answers for them. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { UtilizationReport } from "@gpumedia/api";
import { sampleReport } from "@gpumedia/operator/src/utilization/report.sample.ts";
import type { KubeObject, ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import type { Workspace } from "./workspace.ts";

export const pods: ResourceType = { group: "", version: "v1", kind: "Pod", resource: "pods", namespaced: true };

/** What a pod does when it is asked. */
export type PodAnswer = UtilizationReport | RequestListener;

let addresses = 0;

export class ReportingPod implements AsyncDisposable {
  readonly name: string;
  readonly uid: string;
  answer: PodAnswer = sampleReport;
  /** How often it was asked. */
  asked = 0;
  readonly #server: Server;

  /** Gives a pod that is ready an address at which this process answers. */
  static async take(work: Workspace, pod: KubeObject): Promise<ReportingPod> {
    const address = `127.77.${process.pid % 250}.${++addresses}`;
    const reporting = new ReportingPod(pod);
    reporting.#server.listen(8080, address);
    await once(reporting.#server, "listening");
    const status = { podIP: address, podIPs: [{ ip: address }] };
    await work.client.rawJson("PATCH", `/api/v1/namespaces/${work.namespace}/pods/${pod.metadata.name}/status`, {
      body: { status },
      headers: { "content-type": "application/merge-patch+json" },
    });
    return reporting;
  }

  private constructor({ metadata }: KubeObject) {
    this.name = metadata.name;
    this.uid = metadata.uid;
    this.#server = createServer((request, response) => {
      this.asked++;
      if (typeof this.answer === "function") this.answer(request, response);
      else response.end(JSON.stringify(this.answer));
    });
  }

  async untilAsked(more: number): Promise<void> {
    const wanted = this.asked + more;
    await until(`${this.name} to be asked`, () => (this.asked >= wanted ? true : undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The pods of a service, once all of them are ready. */
export async function readyPods(work: Workspace, service: string, count: number): Promise<readonly KubeObject[]> {
  return until(`${count} ready pods of ${service}`, async () => {
    const { namespace } = work;
    const { items } = await work.client.list(pods, { namespace, labelSelector: `gpumedia.io/service=${service}` });
    const ready = items.filter(isReady);
    return ready.length === count ? ready : undefined;
  });
}

function isReady(pod: KubeObject & { readonly status?: { conditions?: { type: string; status: string }[] } }): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

export function report(change: {
  readonly gpuPercent?: number;
  readonly requests?: Partial<UtilizationReport["requests"]>;
}): UtilizationReport {
  const { gpuPercent = 72, requests = {} } = change;
  const devices = sampleReport.gpus.devices.map((device) => ({ ...device, utilizationPercent: gpuPercent }));
  return {
    ...sampleReport,
    gpus: { ...sampleReport.gpus, devices },
    requests: { ...sampleReport.requests, ...requests },
  };
}
