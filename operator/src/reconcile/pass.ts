/** What every pass works with: the same for all services, for as long as the process runs. */
import type { Defaults } from "../effective/effective.ts";
import type { ChildContext } from "../desired/context.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ApiClient } from "../kube/client.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { LoadTestCache } from "../loadtest/cache.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import type { Clock } from "../runtime/clock.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { DcgmRequests } from "./dcgm-requests.ts";
import type { DeletionCosts } from "./deletion-costs.ts";
import type { Fights } from "./fights.ts";
import type { ProgressPace } from "./progress-pace.ts";
import type { RolloutGate } from "./rollout-gate.ts";
import type { UtilizationWatch } from "./utilization-watch.ts";
import type { Unwritten } from "./write-status.ts";

export interface Pass {
  /** Its writes are fenced: they leave only while this process leads. */
  readonly client: Pick<ApiClient, "get" | "create" | "apply" | "jsonPatch" | "delete">;
  readonly cache: ClusterCache;
  readonly events: Pick<EventRecorder, "record">;
  readonly fights: Fights;
  readonly dcgm: DcgmRequests;
  readonly gate: RolloutGate;
  readonly progress: ProgressPace;
  readonly loadTests: Pick<LoadTestCache, "ofService">;
  /** A load test after a rollout, where the service wants one; answers what went wrong. */
  readonly testRollout: (service: EffectiveService, deployment: ChildView | undefined) => Promise<Unwritten>;
  readonly utilization: Pick<UtilizationWatch, "read" | "visited" | "gone">;
  readonly deletionCosts: Pick<DeletionCosts, "due" | "write" | "gone">;
  readonly clock: Clock;
  readonly defaults: Defaults;
  /** What children depend on beside their service, but for how pods are replaced, which each service decides. */
  readonly surroundings: () => Omit<ChildContext, "rollout">;
}
