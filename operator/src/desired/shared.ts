/** The objects that serve all services, and that no service owns. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { dcgmMetrics } from "./dcgm-metrics.ts";

/** For these services alone; the operator's objects cover the services of the whole cluster. */
export function sharedObjects(services: readonly EffectiveService[], operatorNamespace: string): readonly Manifest[] {
  const { manifest } = dcgmMetrics(services, operatorNamespace);
  return manifest === null ? [] : [manifest];
}
