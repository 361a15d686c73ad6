/**
 * What the caches keep of a ReplicaSet: the link between a pod and its Deployment, by UID. Labels prove nothing, because
 * anyone in the namespace may set them; the collector connects only to pods that their owners confirm.
 *
 * Only their metadata is requested: eleven for each service, most from past rollouts, would be the largest responses.
 */
import { namespacedType, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { claimTemplateLabel, serviceLabel } from "./names.ts";

export const replicaSetType = namespacedType("apps/v1", "ReplicaSet", "replicasets");

export interface ReplicaSetView {
  readonly uid: string;
  /** The UID of the Deployment that controls it. */
  readonly deployment: string | undefined;
  /** The ResourceClaimTemplate of its pods; undefined: they use none. */
  readonly claimTemplate: { readonly service: ObjectKey; readonly hash: string } | undefined;
}

export function viewReplicaSet({ metadata }: KubeObject): ReplicaSetView {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const deployed = owner?.kind === "Deployment" && owner.apiVersion.startsWith("apps/");
  const { namespace = "", labels = {} } = metadata;
  const [service, hash] = [labels[serviceLabel], labels[claimTemplateLabel]];
  return {
    uid: metadata.uid,
    deployment: deployed ? owner.uid : undefined,
    claimTemplate:
      service === undefined || hash === undefined ? undefined : { service: `${namespace}/${service}`, hash },
  };
}
