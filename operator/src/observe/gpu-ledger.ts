/**
 * Which devices the cluster's nodes have and which pods hold them. Kept current by each change of a node or a pod: a
 * count over all pods in each reconcile would not scale.
 */
import type { StoreChange } from "../runtime/store.ts";
import type { NodeView } from "./node-view.ts";
import type { PodView } from "./pod-view.ts";

/** Counts by the name of the holder: a service (`media/upscaler`), or a pod that belongs to none. */
export type Holders = Readonly<Record<string, number>>;

/** A node with devices and their holders by resource: `nvidia.com/gpu`. */
export interface DeviceNode {
  readonly node: NodeView;
  readonly held: Readonly<Record<string, Holders>>;
}

/** The GPUs of all nodes, at one moment. */
export interface GpuSnapshot {
  /** Have nodes and pods been listed? */
  readonly synced: boolean;
  readonly nodes: readonly DeviceNode[];
}

export class GpuLedger {
  readonly #nodes = new Map<string, NodeView>();
  /** By node. Replaced when a pod changes, never changed in place, because snapshots share the values. */
  readonly #held = new Map<string, DeviceNode["held"]>();
  /** Undefined after a change. */
  #snapshot: readonly DeviceNode[] | undefined;

  /** The nodes that have devices, by name. The value does not change later. */
  snapshot(): readonly DeviceNode[] {
    this.#snapshot ??= [...this.#nodes.values()]
      .map((node) => ({ node, held: this.#held.get(node.name) ?? {} }))
      .toSorted((a, b) => (a.node.name < b.node.name ? -1 : 1));
    return this.#snapshot;
  }

  readonly observeNode = (change: StoreChange<NodeView>): void => {
    this.#snapshot = undefined;
    if (change.type !== "added") this.#nodes.delete(change.previous.name);
    if (change.type === "deleted" || Object.keys(change.current.allocatable).length === 0) return;
    this.#nodes.set(change.current.name, change.current);
  };

  readonly observePod = (change: StoreChange<PodView | undefined>): void => {
    if (change.type !== "added") this.#count(change.previous, -1);
    if (change.type !== "deleted") this.#count(change.current, 1);
  };

  #count(pod: PodView | undefined, sign: 1 | -1): void {
    if (pod?.node === undefined || hasEnded(pod)) return;
    const holder = pod.service ?? `${pod.namespace}/${pod.name}`;
    for (const [resource, count] of Object.entries(pod.devices)) {
      this.#snapshot = undefined;
      const held = this.#held.get(pod.node) ?? {};
      const { [holder]: before = 0, ...others } = held[resource] ?? {};
      const after = before + sign * count;
      const holders: Holders = after === 0 ? others : { ...others, [holder]: after };
      const { [resource]: _before, ...rest } = held;
      const now = Object.keys(holders).length === 0 ? rest : { ...rest, [resource]: holders };
      if (Object.keys(now).length === 0) this.#held.delete(pod.node);
      else this.#held.set(pod.node, now);
    }
  }
}

/** Its devices are free again, although it still names its node. */
function hasEnded({ phase }: PodView): boolean {
  return phase === "Succeeded" || phase === "Failed";
}
