/** All children of a service: each appears in the list always, and without a manifest where it should not be. */
import type { EffectiveService } from "../effective/service.ts";
import type { DesiredChild } from "../plan/plan.ts";
import type { Manifest } from "../kube/object.ts";
import { configMap } from "./config-map.ts";
import type { ChildContext } from "./context.ts";
import { dashboard, dashboardName } from "./dashboard.ts";
import { deployment, initialDeployment } from "./deployment.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { httpRoute } from "./http-route.ts";
import { ingress } from "./ingress.ts";
import { childKinds, type ChildKind } from "./kinds.ts";
import { networkPolicy } from "./network-policy.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";
import { podMonitor } from "./pod-monitor.ts";
import { restartChecksum } from "./processor-config.ts";
import { prometheusRule } from "./prometheus-rule.ts";
import { scaledObject } from "./scaled-object.ts";
import { serviceAccount } from "./service-account.ts";
import { clusterService } from "./service.ts";
import { verticalPodAutoscaler, verticalPodAutoscalerName } from "./vertical-pod-autoscaler.ts";
import { configMapName } from "./volumes.ts";

/** What a pod needs to start comes first; among equals, in the order in which people read them. */
export function desiredChildren(service: EffectiveService, context: ChildContext): readonly DesiredChild[] {
  const { operatorNamespace, runbookUrl, rollout, features } = context;
  const checksum = restartChecksum(service);
  const one = (kind: ChildKind, manifest: Manifest | null, name = service.name): DesiredChild => ({
    kind,
    name,
    manifest,
  });
  const initial = initialDeployment(service, rollout, checksum);
  return [
    one(childKinds.serviceAccount, serviceAccount(service)),
    one(childKinds.configMap, configMap(service), configMapName(service)),
    {
      ...one(childKinds.deployment, deployment(service, rollout, checksum)),
      ...(initial === undefined ? {} : { initial }),
    },
    one(childKinds.service, clusterService(service)),
    one(childKinds.horizontalPodAutoscaler, horizontalPodAutoscaler(service, features)),
    one(childKinds.scaledObject, scaledObject(service)),
    one(childKinds.verticalPodAutoscaler, verticalPodAutoscaler(service, features), verticalPodAutoscalerName(service)),
    one(childKinds.podDisruptionBudget, podDisruptionBudget(service)),
    one(childKinds.networkPolicy, networkPolicy(service, operatorNamespace)),
    one(childKinds.ingress, ingress(service)),
    one(childKinds.httpRoute, httpRoute(service)),
    one(childKinds.podMonitor, podMonitor(service)),
    one(childKinds.prometheusRule, prometheusRule(service, runbookUrl)),
    one(childKinds.configMap, dashboard(service), dashboardName(service)),
  ];
}
