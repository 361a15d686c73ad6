/** What the operator reads of an IngressClass: which controller serves its Ingresses. */
import { clusterType, type KubeObject } from "../kube/object.ts";

export const ingressClassType = clusterType("networking.k8s.io/v1", "IngressClass", "ingressclasses");

export interface IngressClassView {
  readonly name: string;
  /** Such as `k8s.io/ingress-nginx`; empty if it is not set. */
  readonly controller: string;
}

interface IngressClass extends KubeObject {
  readonly spec?: { readonly controller?: string };
}

export function viewIngressClass(object: KubeObject): IngressClassView {
  const { metadata, spec = {} } = object as IngressClass;
  return { name: metadata.name, controller: spec.controller ?? "" };
}
