/**
 * All children of a service. Each is always listed, without a manifest where it should not exist, except ResourceClaimTemplates,
 * whose names follow from their contents.
 */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { configMap } from "./config-map.ts";
import type { ChildContext } from "./context.ts";
import { deployment, initialDeployment } from "./deployment.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { httpRoute } from "./http-route.ts";
import { ingress } from "./ingress.ts";
import { liveService, peersService } from "./live-services.ts";
import {
  childKind,
  childKinds,
  childName,
  type ChildKind,
  type ChildRole,
  type NamedRole,
} from "../observe/child-kinds.ts";
import { fit } from "./known-fields.ts";
import { laterFields } from "./later-fields.ts";
import { networkPolicy } from "./network-policy.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";
import { podMonitor } from "./pod-monitor.ts";
import { claimTemplate } from "./resource-claim-template.ts";
import { scaledObject } from "./scaled-object.ts";
import { serviceAccount } from "./service-account.ts";
import { clusterService } from "./service.ts";
import { targetsRule } from "./targets-rule.ts";
import { udpRoute } from "./udp-route.ts";
import { verticalPodAutoscaler } from "./vertical-pod-autoscaler.ts";

/** A child as it should be; without a manifest it should not exist. */
export interface DesiredChild {
  readonly role: ChildRole;
  readonly kind: ChildKind;
  readonly name: string;
  readonly manifest: Manifest | null;
  /** The fields that are left out because this cluster's CRD does not have them. */
  readonly omitted?: readonly string[];
  /** Sent only when the child is created: it sets fields that another field manager owns from then on. */
  readonly initial?: Manifest;
}

/** `Deployment upscaler` */
export function childText({ kind, name }: Pick<DesiredChild, "kind" | "name">): string {
  return `${kind.type.kind} ${name}`;
}

/** A ResourceClaimTemplate of an earlier spec: it should not exist. */
export function obsoleteTemplate(name: string): DesiredChild {
  return { role: "resourceClaimTemplate", kind: childKinds.resourceClaimTemplate, name, manifest: null };
}

/** What a pod needs to start comes first; the rest in the order in which people read them. */
export function desiredChildren(service: EffectiveService, context: ChildContext): readonly DesiredChild[] {
  const { operatorNamespace, exportsTargets, features } = context;
  const named = (role: ChildRole, name: string, rendered: Manifest | null): DesiredChild => {
    const later = laterFields[role] ?? [];
    const wholes = later.flatMap(({ path, part }) => (part === undefined ? [] : [path]));
    const fitted = rendered === null ? undefined : fit(rendered, features.fields[role], wholes);
    const { manifest = null, omitted = [] } = fitted ?? {};
    const child = { role, kind: childKind(role), name, manifest };
    return omitted.length === 0 ? child : { ...child, omitted };
  };
  const one = (role: NamedRole, rendered: Manifest | null): DesiredChild =>
    named(role, childName(role, service.name), rendered);
  const template = claimTemplate(service, context.gpus);
  const applied = deployment(service, context);
  const initial = initialDeployment(service, applied);
  return [
    one("serviceAccount", serviceAccount(service)),
    one("configMap", configMap(service, context)),
    ...(template === undefined ? [] : [named("resourceClaimTemplate", template.name, template.manifest)]),
    { ...one("deployment", applied), ...(initial === undefined ? {} : { initial }) },
    one("service", clusterService(service)),
    one("liveService", liveService(service)),
    one("peersService", peersService(service)),
    one("horizontalPodAutoscaler", horizontalPodAutoscaler(service, context)),
    one("scaledObject", scaledObject(service, context.gpuMetric)),
    one("verticalPodAutoscaler", verticalPodAutoscaler(service, features)),
    one("podDisruptionBudget", podDisruptionBudget(service)),
    one("networkPolicy", networkPolicy(service, context)),
    one("ingress", ingress(service)),
    one("httpRoute", httpRoute(service)),
    one("udpRoute", udpRoute(service)),
    one("podMonitor", podMonitor(service)),
    one("prometheusRule", exportsTargets ? null : targetsRule(service, operatorNamespace)),
    // Older operators created a dashboard for each service.
    one("dashboard", null),
  ];
}
