/**
 * Which devices of device plugins the cluster's nodes have and which pods hold them; device-ledger.ts has those of DRA.
 * Kept current by each change of a node or a pod: a count over all pods in each reconcile would not scale.
 */
import type { StoreChange } from "../runtime/store.ts";
import type { DraSnapshot } from "./device-ledger.ts";
import type { NodeView } from "./node-view.ts";
import type { PodView } from "./pod-view.ts";

/** Counts by the name of the holder: a service (`media/upscaler`), or a pod that belongs to none. */
export type Holders = Readonly<Record<string, number>>;

/** A node, and the holders of its device plugins' devices by resource: `nvidia.com/gpu`. */
export interface DeviceNode {
  readonly node: NodeView;
  readonly held: Readonly<Record<string, Holders>>;
}

/** The GPUs of all nodes, at one moment. */
export interface GpuSnapshot {
  /** Have nodes and pods been listed? */
  readonly synced: boolean;
  readonly nodes: readonly DeviceNode[];
  /** Undefined: the API is not served, or may not be read. */
  readonly dra: DraSnapshot | undefined;
}

export class GpuLedger {
  readonly #nodes = new Map<string, NodeView>();
  /** By node. Replaced when a pod changes, never changed in place, because snapshots share the values. */
  readonly #held = new Map<string, DeviceNode["held"]>();
  /** In order. Undefined after a node has come or gone. */
  #names: readonly string[] | undefined;
  /** Undefined after a change. */
  #snapshot: readonly DeviceNode[] | undefined;

  /** All nodes, by name. The value does not change later. */
  snapshot(): readonly DeviceNode[] {
    this.#names ??= [...this.#nodes.keys()].toSorted();
    this.#snapshot ??= this.#names.flatMap((name) => {
      const node = this.#nodes.get(name);
      return node === undefined ? [] : [{ node, held: this.#held.get(name) ?? {} }];
    });
    return this.#snapshot;
  }

  readonly observeNode = (change: StoreChange<NodeView>): void => {
    this.#snapshot = undefined;
    if (change.type !== "updated") this.#names = undefined;
    if (change.type === "deleted") this.#nodes.delete(change.previous.name);
    else this.#nodes.set(change.current.name, change.current);
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
