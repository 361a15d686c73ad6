/** The objects that serve all services, and that no service owns. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { dcgmMetrics } from "./dcgm-metrics.ts";
import { sharedMonitoring, type SharedContext } from "./shared-monitoring.ts";

/** For these services alone; the operator's objects cover the services of the whole cluster. */
export function sharedObjects(services: readonly EffectiveService[], context: SharedContext): readonly Manifest[] {
  const { manifest } = dcgmMetrics(services, context.operatorNamespace);
  return [...(manifest === null ? [] : [manifest]), ...sharedMonitoring(services, context)];
}
