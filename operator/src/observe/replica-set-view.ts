/**
 * What the caches keep of a ReplicaSet: the link between a pod and its Deployment, by UID. Labels prove nothing, because
 * anyone in the namespace may set them; the collector connects only to pods that their owners confirm.
 *
 * Only their metadata is requested: eleven for each service, most from past rollouts, would be the largest responses.
 */
import { namespacedType, type KubeObject } from "../kube/object.ts";

export const replicaSetType = namespacedType("apps/v1", "ReplicaSet", "replicasets");

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
