/** What the objects that services share have in common: labels, and no owner, as no service owns them. */
import type { Manifest } from "../kube/object.ts";
import { managedBy, sharedLabel } from "../observe/names.ts";
import type { SharedPlace } from "./rule-set.ts";

export function sharedObject<Body extends object>(
  apiVersion: string,
  kind: string,
  place: SharedPlace,
  body: Body,
): Manifest & Body {
  return {
    apiVersion,
    kind,
    metadata: sharedObjectMetadata(place),
    ...body,
  };
}

export function sharedObjectMetadata({ namespace, name, labels }: SharedPlace) {
  return {
    name,
    namespace,
    // Ours win: the operator finds the object by them.
    labels: {
      ...labels,
      "app.kubernetes.io/name": name,
      "app.kubernetes.io/managed-by": managedBy,
      "app.kubernetes.io/part-of": "gpumedia",
      [sharedLabel]: "monitoring",
    },
  };
}
