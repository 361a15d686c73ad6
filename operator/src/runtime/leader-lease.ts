/** Reading and writing the Lease (coordination.k8s.io/v1) that a leader holds. */
import { collectionPath, objectPath } from "../kube/client-path.ts";
import type { ApiClient } from "../kube/client.ts";
import { apiVersionOf, type KubeObject, type ResourceType } from "../kube/object.ts";
import { microTime } from "./clock.ts";

export interface LeaseSpec {
  /** Empty or absent: nobody holds it, who comes first may. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** One Lease. Each request fails with an `ApiError`, also when it gets no answer within `timeoutMs`. */
export interface LeaseStore {
  read(timeoutMs: number): Promise<Lease | undefined>;
  /** 409 when it exists. */
  create(spec: LeaseSpec, timeoutMs: number): Promise<Lease>;
  /** 409 when `lease` is not the newest version. Labels and annotations stay as they are. */
  replace(lease: Lease, spec: LeaseSpec, timeoutMs: number): Promise<Lease>;
}

/** The spec with which `identity` takes or renews a Lease; acquireTime and leaseTransitions tell takers apart. */
export function claim(
  before: LeaseSpec | undefined,
  identity: string,
  leaseDurationMs: number,
  wallMs: number,
): LeaseSpec {
  const now = microTime(wallMs);
  const renewal = before?.holderIdentity === identity;
  const transitions = before?.leaseTransitions ?? 0;
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
    acquireTime: (renewal ? before.acquireTime : undefined) ?? now,
    renewTime: now,
    leaseTransitions: renewal || before === undefined ? transitions : transitions + 1,
  };
}

/** The spec of a Lease that its holder gives up. A duration of 0 is invalid. */
export function released(before: LeaseSpec, wallMs: number): LeaseSpec {
  const now = microTime(wallMs);
  return { ...before, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
}

const leases: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  resource: "leases",
  namespaced: true,
};

/** `client` must not be fenced, or a standby could never take the Lease. Needs get, create and update on leases. */
export function leaseStore(client: Pick<ApiClient, "rawJson">, namespace: string, name: string): LeaseStore {
  const path = objectPath(leases, namespace, name);
  return {
    async read(timeoutMs) {
      const { status, body } = await client.rawJson("GET", path, { timeoutMs, accept: [404] });
      return status === 404 ? undefined : (body as Lease);
    },
    async create(spec, timeoutMs) {
      const lease = { apiVersion: apiVersionOf(leases), kind: leases.kind, metadata: { name, namespace }, spec };
      const { body } = await client.rawJson("POST", collectionPath(leases, namespace), { timeoutMs, body: lease });
      return body as Lease;
    },
    async replace(lease, spec, timeoutMs) {
      const { body } = await client.rawJson("PUT", path, { timeoutMs, body: { ...lease, spec } });
      return body as Lease;
    },
  };
}
