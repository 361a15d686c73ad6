/** What the reconcile of every service is given; the same for as long as the process runs. */
import type { Defaults } from "../effective/effective.ts";
import type { ApiClient } from "../kube/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Memory } from "./memory.ts";
import type { SnapshotSource } from "./snapshot.ts";

export interface Pass {
  /** Its writes are fenced: they leave only while this process leads. */
  readonly client: Pick<ApiClient, "get" | "create" | "apply" | "jsonPatch" | "delete">;
  readonly clock: Pick<Clock, "now" | "wall">;
  readonly events: Pick<EventRecorder, "record">;
  readonly snapshots: SnapshotSource;
  readonly memory: Memory;
  readonly settings: Settings;
}

/** From the operator's flags. */
export interface Settings extends Defaults {
  readonly operatorNamespace: string;
  readonly runbookUrl: string;
  /** How many services may replace pods at a time for a change that is not in their own spec. */
  readonly maxRollouts: number;
  /** Between two reports of a pod. */
  readonly utilizationIntervalMs: number;
}
