/** The utilization of mock GPUs, from how busy the processors are that use them. */
import type { UtilizationReport } from "@gpumedia/api";
import { request, type Agent } from "undici";
import type { Figures } from "../../../workload/gpu-mock/state.ts";
import { busyFigures } from "../process-node/gpus.ts";
import type { Rest } from "../rest.ts";

interface PodList {
  readonly items: readonly { readonly status?: { readonly podIP?: string } }[];
}

const processors = "/api/v1/pods?labelSelector=app.kubernetes.io/name=gpu-media";
const timeoutMs = 1_000;

/** Figures of the GPUs that processors report, by index; `agent` reaches the pods' addresses. */
export async function busyGpus(rest: Rest, agent: Agent): Promise<Readonly<Record<number, Figures>>> {
  const { items } = (await rest.request("GET", processors)) as PodList;
  const addresses = items.flatMap(({ status }) => (status?.podIP === undefined ? [] : [status.podIP]));
  const reports = await Promise.all(addresses.map((address) => reportOf(address, agent)));
  const busy = reports.flatMap((report) =>
    (report?.gpus.devices ?? []).map(({ index }) => [index, busyFigures(report?.workers.busyPercent ?? 0)] as const),
  );
  return Object.fromEntries(busy);
}

/** Undefined if the pod does not answer: it is starting or shutting down. */
async function reportOf(address: string, agent: Agent): Promise<UtilizationReport | undefined> {
  const url = `http://${address}:8080/utilization`;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent, signal });
    if (statusCode === 200) return (await body.json()) as UtilizationReport;
    await body.dump();
    return undefined;
  } catch {
    return undefined;
  }
}
