/** What all children of a service share: labels, owner and name. */
import { apiVersionOf, type Manifest, type OwnerReference, type ResourceType } from "../kube/object.ts";
import type { EffectiveService } from "../effective/service.ts";
import { childKind, childName, type ChildKind, type NamedRole } from "../observe/child-kinds.ts";
import { managedBy, serviceLabel } from "../observe/names.ts";

/** Selects a service's pods. Must never change: a Deployment's selector is immutable. */
export function selectorLabels(service: EffectiveService): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "gpu-media", "app.kubernetes.io/instance": service.name };
}

/** Labels of every child and pod. They have no version, so that an operator upgrade restarts no pod. */
export function labels(service: EffectiveService): Readonly<Record<string, string>> {
  return {
    ...selectorLabels(service),
    "app.kubernetes.io/managed-by": managedBy,
    "app.kubernetes.io/part-of": "gpumedia",
    [serviceLabel]: service.name,
  };
}

/** The manifest of a child: identity, labels, the service as its owner, and `body`. */
export function child<Body extends object>(
  service: EffectiveService,
  role: NamedRole,
  body: Body,
  annotations?: Readonly<Record<string, string>>,
): Manifest & Body {
  return childNamed(service, childName(role, service.name), childKind(role), body, annotations);
}

export function childNamed<Body extends object>(
  service: EffectiveService,
  name: string,
  { type }: ChildKind,
  body: Body,
  annotations?: Readonly<Record<string, string>>,
): Manifest & Body {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      name,
      namespace: service.namespace,
      labels: labels(service),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [ownerReference(service, type)],
    },
    ...body,
  };
}

/** Adds the user's labels. Ours win: the operator finds its children by them. */
/** Of the children that Prometheus reads. */
export function monitoringLabels(service: EffectiveService): Readonly<Record<string, string>> {
  return { ...service.monitoring.labels, ...labels(service) };
}

export function withLabels<M extends Manifest>(manifest: M, more: Readonly<Record<string, string>>): M {
  return { ...manifest, metadata: { ...manifest.metadata, labels: { ...more, ...manifest.metadata.labels } } };
}

/**
 * Includes the UID: a service that is re-created under the same name must not inherit the old one's children. The service is not the
 * controller of its Deployment: a VerticalPodAutoscaler does nothing for a Deployment whose controller has a scale subresource (VPA 1.8.1).
 */
function ownerReference(service: EffectiveService, type: ResourceType): OwnerReference {
  const { apiVersion, kind, name, uid } = service.owner;
  const controls = type.kind === "Deployment" ? {} : { controller: true };
  return { apiVersion, kind, name, uid, ...controls, blockOwnerDeletion: true };
}

/** How an autoscaler refers to the Deployment. */
export function deploymentRef({ name }: EffectiveService): { apiVersion: string; kind: string; name: string } {
  return { apiVersion: "apps/v1", kind: "Deployment", name };
}
