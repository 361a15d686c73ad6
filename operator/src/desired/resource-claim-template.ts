/** ResourceClaimTemplate of a service: each pod gets a claim that is made from it, and with the claim its GPUs. */
import { requestName, type DeviceRequest, type GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { nameDigest } from "../kube/digest.ts";
import type { Manifest } from "../kube/object.ts";
import { childKinds, claimTemplateName } from "../observe/child-kinds.ts";
import { serviceLabel } from "../observe/names.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";
import { unlessEmpty } from "./canonical.ts";
import { childNamed } from "./child.ts";

/** A template whose name follows from its spec, which is immutable: another spec is another template. */
export interface ClaimTemplate {
  readonly name: string;
  /** The value of the pods' label. */
  readonly hash: string;
  readonly manifest: Manifest;
}

/** Undefined where the pods use no claim. */
export function claimTemplate(service: EffectiveService, gpus: GpuRequest): ClaimTemplate | undefined {
  if (gpus.kind !== "ResourceClaim") return undefined;
  const spec = {
    metadata: { labels: { [serviceLabel]: service.name } },
    spec: { devices: { requests: [request(gpus.alternatives)] } },
  };
  const hash = nameDigest(spec);
  const name = claimTemplateName(service.name, hash);
  return { name, hash, manifest: childNamed(service, name, childKinds.resourceClaimTemplate, { spec }) };
}

function request(alternatives: readonly DeviceRequest[]): object {
  const [only, ...others] = alternatives;
  if (only !== undefined && others.length === 0 && only.name === requestName) {
    return { name: requestName, exactly: devices(only) };
  }
  return { name: requestName, firstAvailable: alternatives.map((one) => ({ name: one.name, ...devices(one) })) };
}

/** With the API server's defaults: without them, a new template would look as if it had been changed. */
function devices({ deviceClass, count, selectors, tolerations, capacity }: DeviceRequest): object {
  const requests = Object.entries(capacity).map(([name, amount]) => [name, canonicalQuantity(amount)] as const);
  return {
    deviceClassName: deviceClass,
    allocationMode: "ExactCount",
    count,
    ...unlessEmpty(
      "selectors",
      selectors.map((expression) => ({ cel: { expression } })),
    ),
    ...unlessEmpty(
      "tolerations",
      tolerations.map(({ key, operator = "Equal", value, effect }) => ({
        ...unlessEmpty("key", key),
        operator,
        ...unlessEmpty("value", value),
        ...unlessEmpty("effect", effect),
      })),
    ),
    ...(requests.length === 0 ? {} : { capacity: { requests: Object.fromEntries(requests) } }),
  };
}
