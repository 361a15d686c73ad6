/** How many more pods of a service the namespace's ResourceQuotas admit. Pure. */
import { quantityValue } from "@gpumedia/api";
import { resourcesOfClass } from "../observe/device-class-view.ts";
import type { QuotaView } from "../observe/quota-view.ts";
import { usableDevices, type GpuView } from "./gpus.ts";

type Resources = Readonly<Record<string, string | number>>;

interface Container {
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Resources; readonly limits?: Resources };
}

/** The members of a pod template that a quota counts. */
export interface CountedTemplate {
  readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
}

/** The scarcest resource of the quotas. */
export interface QuotaHeadroom {
  readonly replicas: number;
  readonly quota: string;
  readonly resource: string;
}

/**
 * Undefined where no quota limits the pods. Quotas with scopes are left out, and what a LimitRange adds to a pod: a surge
 * that one of them rejects switches after a minute.
 * @see https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export function quotaHeadroom(
  template: CountedTemplate,
  gpus: GpuView,
  quotas: readonly QuotaView[],
): QuotaHeadroom | undefined {
  return scarcest(new Map([...claimAmounts(gpus), ...countedByQuota(template)]), quotas);
}

/** Undefined where no quota limits the ResourceClaims of the pods. */
export function claimHeadroom(gpus: GpuView, quotas: readonly QuotaView[]): QuotaHeadroom | undefined {
  return scarcest(claimAmounts(gpus), quotas);
}

function scarcest(perPod: ReadonlyMap<string, number>, quotas: readonly QuotaView[]): QuotaHeadroom | undefined {
  const headrooms = quotas
    .filter(({ scoped }) => !scoped)
    .flatMap(({ name, hard, used }) =>
      Object.entries(hard).flatMap(([resource, limit]) => {
        const each = perPod.get(resource) ?? 0;
        if (each === 0) return [];
        const left = quantityValue(limit) - quantityValue(used[resource] ?? "0");
        return [{ replicas: Math.max(0, Math.floor(left / each)), quota: name, resource }];
      }),
    );
  return headrooms.toSorted((a, b) => a.replicas - b.replicas)[0];
}

/**
 * What the ResourceClaim of one pod adds, whether a template has it or the scheduler creates it for an extended resource. Of
 * alternatives the most devices of each class count.
 */
function claimAmounts(gpus: GpuView): ReadonlyMap<string, number> {
  const { request, dra, deviceRequests } = gpus;
  if (deviceRequests.length === 0) return new Map();
  // Device plugins need no claim, and pods may run on their nodes.
  if (request.kind === "ExtendedResource" && usableDevices(gpus).some(({ inventory }) => inventory === undefined))
    return new Map();
  const amounts = new Map([["count/resourceclaims.resource.k8s.io", 1]]);
  for (const { deviceClass: name, count } of deviceRequests) {
    const found = dra?.classes.get(name);
    const resources = found === undefined ? [] : resourcesOfClass(found);
    for (const counted of [
      `${name}.deviceclass.resource.k8s.io/devices`,
      ...resources.map((one) => `requests.${one}`),
    ]) {
      amounts.set(counted, Math.max(count, amounts.get(counted) ?? 0));
    }
  }
  return amounts;
}

/** What one pod adds to a quota, by the quota's names for it. */
function countedByQuota(template: CountedTemplate): ReadonlyMap<string, number> {
  const counted = new Map([
    ["pods", 1],
    ["count/pods", 1],
  ]);
  for (const [resource, amount] of podAmounts(template, ({ resources = {} }) => resources.limits ?? {})) {
    counted.set(`limits.${resource}`, amount);
  }
  // A missing request is set to the limit.
  const requests = ({ resources = {} }: Container): Resources => ({ ...resources.limits, ...resources.requests });
  for (const [resource, amount] of podAmounts(template, requests)) {
    counted.set(resource, amount);
    counted.set(`requests.${resource}`, amount);
  }
  return counted;
}

/** As the scheduler adds them up: sidecars run beside the containers, other init containers before them. */
function podAmounts(
  { spec: { containers, initContainers = [] } }: CountedTemplate,
  amountsOf: (container: Container) => Resources,
): ReadonlyMap<string, number> {
  const total = new Map<string, number>();
  const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";
  for (const container of [...containers, ...initContainers.filter(isSidecar)]) {
    for (const [resource, amount] of Object.entries(amountsOf(container))) {
      total.set(resource, (total.get(resource) ?? 0) + quantityValue(String(amount)));
    }
  }
  for (const container of initContainers.filter((one) => !isSidecar(one))) {
    for (const [resource, amount] of Object.entries(amountsOf(container))) {
      total.set(resource, Math.max(total.get(resource) ?? 0, quantityValue(String(amount))));
    }
  }
  return total;
}
