/** Reads and writes the Lease (coordination.k8s.io/v1) that a leader holds. */
import { collectionPath, objectPath } from "../kube/client-path.ts";
import type { ApiClient } from "../kube/client.ts";
import { apiVersionOf, namespacedType, type KubeObject } from "../kube/object.ts";
import { microTime } from "./clock.ts";

export interface LeaseSpec {
  /** Empty or absent: not held, so any candidate may take it. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** One Lease. Each request rejects with an `ApiError`, also when there is no response within `timeoutMs`. */
export interface LeaseStore {
  read(timeoutMs: number): Promise<Lease | undefined>;
  /** 409 when it already exists. */
  create(spec: LeaseSpec, timeoutMs: number): Promise<Lease>;
  /** 409 when `lease` is not the latest version. Keeps labels and annotations. */
  replace(lease: Lease, spec: LeaseSpec, timeoutMs: number): Promise<Lease>;
}

/** Returns the spec with which `identity` takes or renews a Lease; taking it changes acquireTime and leaseTransitions. */
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

/** Returns the spec of a Lease that its holder releases. The shortest valid duration is 1 s. */
export function released(before: LeaseSpec, wallMs: number): LeaseSpec {
  const now = microTime(wallMs);
  return { ...before, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
}

const leases = namespacedType("coordination.k8s.io/v1", "Lease", "leases");

/** `client` must not be fenced, or a standby could never take the Lease. Requires get, create and update on leases. */
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
