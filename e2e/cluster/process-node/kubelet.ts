/**
 * Reconciles this node's pods with the API server. It polls instead of watching: a test's node has few pods, and the next poll
 * sees what the last one missed.
 */
import { isDeepStrictEqual } from "node:util";
import type { Rest } from "../rest.ts";
import type { Pod } from "./pod-spec.ts";
import type { RunningContainer } from "./resource-metrics.ts";
import { RunningPod, type Host } from "./running-pod.ts";
import { podStatus } from "./status.ts";

export class Kubelet {
  readonly #rest: Rest;
  readonly #node: string;
  readonly #host: Host;
  readonly #running = new Map<string, RunningPod>();
  readonly #written = new Map<string, unknown>();

  constructor(node: string, host: Host) {
    this.#rest = host.rest;
    this.#node = node;
    this.#host = host;
  }

  /** One reconcile of all pods. */
  async sync(): Promise<void> {
    const path = `/api/v1/pods?fieldSelector=spec.nodeName=${this.#node}`;
    const { items } = (await this.#rest.request("GET", path)) as { items: readonly Pod[] };
    const known = new Map(items.map((pod) => [pod.metadata.uid, pod]));
    // Force-deleted: their objects are gone already, and a StatefulSet's next pod may have their name.
    for (const [uid, running] of this.#running) if (!known.has(uid)) void this.#forget(uid, running);
    await Promise.all(items.map((pod) => this.#syncPod(pod)));
  }

  async #syncPod(pod: Pod): Promise<void> {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    let running = this.#running.get(uid);
    if (running === undefined) {
      // This process never ran it, for example because it was restarted: the pod is over, whatever its status is.
      if (deletionTimestamp !== undefined) return this.#delete(pod);
      if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return undefined;
      running = new RunningPod(pod, this.#host);
      this.#running.set(uid, running);
    }
    running.pod = pod;
    if (deletionTimestamp !== undefined && !running.ending) {
      void this.#end(running, deletionGracePeriodSeconds ?? 0);
    }
    await running.sync();
    return this.#writeStatus(running);
  }

  async #end(running: RunningPod, graceSeconds: number): Promise<void> {
    await running.end(graceSeconds);
    await this.#writeStatus(running);
    await this.#delete(running.pod);
  }

  async #forget(uid: string, running: RunningPod): Promise<void> {
    this.#running.delete(uid);
    this.#written.delete(uid);
    await running.end(0);
    await running.remove();
  }

  async #writeStatus({ pod, view }: RunningPod): Promise<void> {
    const { uid } = pod.metadata;
    const status = podStatus(view, pod.status?.conditions ?? [], `${new Date().toISOString().slice(0, 19)}Z`);
    if (isDeepStrictEqual(this.#written.get(uid), status)) return;
    // The uid is a precondition: the name may be another pod's by now.
    const patch = { metadata: { uid }, status };
    await this.#rest.request("PATCH", `${pathOf(pod)}/status`, patch, "merge-patch+json").catch(unlessDeleted);
    this.#written.set(uid, status);
  }

  /** Deletes the pod object; its processes have exited. */
  async #delete(pod: Pod): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    await this.#rest.request("DELETE", pathOf(pod), options).catch(unlessDeleted);
  }

  get runningContainers(): readonly RunningContainer[] {
    return [...this.#running.values()].flatMap((pod) => pod.runningContainers);
  }

  /** Sets the GPUs' utilization to how busy their pods' processors are. */
  async followLoad(): Promise<void> {
    const loads = [...this.#running.values()].flatMap(({ load }) => (load === undefined ? [] : [load]));
    await Promise.all(
      loads.map(async ({ url, gpus }) => {
        const report = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
          async (answer) => (await answer.json()) as { readonly workers?: { readonly busyPercent?: number } },
          () => undefined,
        );
        const busyPercent = report?.workers?.busyPercent;
        if (busyPercent !== undefined) gpus.show(busyPercent);
      }),
    );
  }
}

function pathOf({ metadata: { namespace, name } }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

/** The pod was deleted, or another has its name: the next poll sees it. */
function unlessDeleted(error: unknown): undefined {
  const { status } = error as { readonly status?: number };
  if (status === 404 || status === 409) return undefined;
  throw error;
}
