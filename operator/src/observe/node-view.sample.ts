/** A node for tests: ready, without GPUs. */
import type { NodeView } from "./node-view.ts";

export function sampleNode(change: Partial<NodeView> = {}): NodeView {
  return { name: "n", labels: {}, taints: [], cordoned: false, ready: true, allocatable: {}, ...change };
}
