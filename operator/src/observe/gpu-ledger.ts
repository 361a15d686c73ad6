/** Who holds the cluster's devices. Kept up to date by each change of a pod, because a count over all pods at every visit would not scale. */
import type { StoreChange } from "../runtime/store.ts";
import type { NodeView } from "./node-view.ts";
import type { PodView } from "./pod-view.ts";

/** A node that has the device, with what is left of it. */
export interface NodeDevices {
  readonly node: NodeView;
  readonly allocatable: number;
  readonly free: number;
}

export class GpuLedger {
  /** Devices held, by `resource node`. */
  readonly #held = new Map<string, number>();

  /** To be told of every change of a pod. */
  readonly observe = (change: StoreChange<PodView | undefined>): void => {
    if (change.type !== "added") this.#count(change.previous, -1);
    if (change.type !== "deleted") this.#count(change.current, 1);
  };

  /** The nodes that have `resource`, by name. */
  devices(resource: string, nodes: Iterable<NodeView>): readonly NodeDevices[] {
    const having: NodeDevices[] = [];
    for (const node of nodes) {
      const allocatable = node.allocatable[resource] ?? 0;
      if (allocatable === 0) continue;
      const held = this.#held.get(`${resource} ${node.name}`) ?? 0;
      having.push({ node, allocatable, free: Math.max(0, allocatable - held) });
    }
    return having.toSorted((a, b) => (a.node.name < b.node.name ? -1 : 1));
  }

  #count(pod: PodView | undefined, sign: 1 | -1): void {
    if (pod?.node === undefined || hasEnded(pod)) return;
    for (const [resource, count] of Object.entries(pod.devices)) {
      const key = `${resource} ${pod.node}`;
      const held = (this.#held.get(key) ?? 0) + sign * count;
      if (held === 0) this.#held.delete(key);
      else this.#held.set(key, held);
    }
  }
}

/** Its devices are free again, though it still names its node. */
export function hasEnded({ phase }: PodView): boolean {
  return phase === "Succeeded" || phase === "Failed";
}
