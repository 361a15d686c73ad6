/**
 * What the operator keeps of a ReplicaSet: the link between a pod and its Deployment, by UID. Labels prove nothing, as
 * everybody in the namespace may set them; the operator asks no address that only a label vouches for.
 *
 * Eleven a service, most of them past rollouts, would be the largest thing on the wire: only their metadata is asked for.
 */
import type { KubeObject, ResourceType } from "../kube/object.ts";

export const replicaSetType: ResourceType = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  resource: "replicasets",
  namespaced: true,
};

export interface ReplicaSetView {
  readonly uid: string;
  /** The UID of the Deployment that controls it. */
  readonly deployment: string | undefined;
}

export function viewReplicaSet({ metadata }: KubeObject): ReplicaSetView {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const deployed = owner?.kind === "Deployment" && owner.apiVersion.startsWith("apps/");
  return { uid: metadata.uid, deployment: deployed ? owner.uid : undefined };
}
