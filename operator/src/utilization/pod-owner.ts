/**
 * Which Deployment a pod belongs to, by UID: pod, its ReplicaSet, the Deployment that controls that. Labels prove
 * nothing, as everybody in the namespace may set them; the operator asks no address that only a label vouches for.
 *
 * ReplicaSets are not watched: eleven a service, most of them past rollouts, would be the largest thing in memory. Each
 * one that has ready pods is read once, and as its owner never changes, never again.
 */
import type { ApiClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import type { ResourceType } from "../kube/object.ts";

const replicaSets: ResourceType = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  resource: "replicasets",
  namespaced: true,
};

export interface ReplicaSetRef {
  readonly name: string;
  readonly uid: string;
}

/** Beyond so many the oldest are forgotten, and read again should they be met again. */
const mostKnown = 20_000;

export class PodOwners {
  readonly #client: Pick<ApiClient, "get">;
  /** The UID of the controlling Deployment, or null, by the UID of the ReplicaSet. */
  readonly #known = new Map<string, Promise<string | null>>();

  constructor(client: Pick<ApiClient, "get">) {
    this.#client = client;
  }

  /** Null: a ReplicaSet of another name holder, or of no Deployment. Fails with an `ApiError`, and asks again next time. */
  deploymentOf(namespace: string, replicaSet: ReplicaSetRef): Promise<string | null> {
    const known = this.#known.get(replicaSet.uid);
    if (known !== undefined) return known;
    const asked = this.#ask(namespace, replicaSet);
    this.#known.set(replicaSet.uid, asked);
    asked.catch(() => this.#known.delete(replicaSet.uid));
    if (this.#known.size > mostKnown) this.#known.delete(this.#known.keys().next().value ?? "");
    return asked;
  }

  async #ask(namespace: string, { name, uid }: ReplicaSetRef): Promise<string | null> {
    try {
      const { metadata } = await this.#client.get(replicaSets, namespace, name);
      if (metadata.uid !== uid) return null;
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      return owner?.kind === "Deployment" && owner.apiVersion.startsWith("apps/") ? owner.uid : null;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }
}
