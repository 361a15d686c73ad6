/** What all children of a service share: labels, owner, and how they are named. */
import { apiVersionOf, type Manifest, type OwnerReference } from "../kube/object.ts";
import type { EffectiveService } from "../effective/service.ts";
import { childKind, childName, type ChildRole } from "../observe/child-kinds.ts";
import { managedBy, serviceLabel } from "../observe/names.ts";

/** Picks a service's pods. Never to be changed: a Deployment's selector is immutable. */
export function selectorLabels(service: EffectiveService): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "gpu-media", "app.kubernetes.io/instance": service.name };
}

/** On every child and every pod. No version among them: an upgrade of the operator restarts no pod. */
export function labels(service: EffectiveService): Readonly<Record<string, string>> {
  return {
    ...selectorLabels(service),
    "app.kubernetes.io/managed-by": managedBy,
    "app.kubernetes.io/part-of": "gpumedia",
    [serviceLabel]: service.name,
  };
}

/** A child's manifest: its identity, our labels, the service as its controller, and what it holds. */
export function child<Body extends object>(
  service: EffectiveService,
  role: ChildRole,
  body: Body,
  annotations?: Readonly<Record<string, string>>,
): Manifest & Body {
  const { type } = childKind(role);
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      name: childName(role, service.name),
      namespace: service.namespace,
      labels: labels(service),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [ownerReference(service)],
    },
    ...body,
  };
}

/** The manifest with the user's labels beside ours; ours win, as we find our children by them. */
export function withLabels<M extends Manifest>(manifest: M, more: Readonly<Record<string, string>>): M {
  return { ...manifest, metadata: { ...manifest.metadata, labels: { ...more, ...manifest.metadata.labels } } };
}

/** By UID: a service that is deleted and made again under its name does not inherit the children of the first. */
function ownerReference(service: EffectiveService): OwnerReference {
  const { apiVersion, kind, name, uid } = service.owner;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
