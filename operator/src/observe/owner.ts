/** The owner that decides about an object. */
import { group } from "@gpumedia/api";
import type { ObjectMeta, OwnerReference } from "../kube/object.ts";

/** Its controller, or else the service that owns it: a service is not the controller of its Deployment. */
export function ownerOf({ ownerReferences = [] }: Pick<ObjectMeta, "ownerReferences">): OwnerReference | undefined {
  return ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences.find(isService);
}

function isService({ apiVersion, kind }: OwnerReference): boolean {
  return kind === "GpuMediaService" && apiVersion.startsWith(`${group}/`);
}
