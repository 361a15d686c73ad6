/** What all children of a service share: labels, owner, and how they are named. */
import { apiVersionOf, type Manifest, type OwnerReference } from "../kube/object.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ChildKind } from "./kinds.ts";

/** The container that runs the processor; also named by the VPA's policy (guide, Vertical Pod Autoscaler). */
export const containerName = "gpu-media";

export const managedBy = "gpumedia-operator";
/**
 * Of a pod: its ReplicaSet deletes the cheaper ones first, of those that are ready; none is 0.
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost
 */
export const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
/** On the pod of a load test: names the service, whose NetworkPolicy lets that pod in. */
export const loadTestOfLabel = "gpumedia.io/load-test-of";
export const serviceLabel = "gpumedia.io/service";

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
  kind: ChildKind,
  name: string,
  body: Body,
  annotations?: Readonly<Record<string, string>>,
): Manifest & Body {
  return {
    apiVersion: apiVersionOf(kind.type),
    kind: kind.type.kind,
    metadata: {
      name,
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
