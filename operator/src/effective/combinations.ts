/** Values that follow from others. Derived only here. */
import { nginxSizeBytes, pathOf, quantityValue, type CompleteSpec } from "@gpumedia/api";
import { neededEngines } from "./gpu-request.ts";
import type { Layered } from "./layers.ts";
import type { Origin } from "./service.ts";

/** The topmost layer; `origins` names every leaf of `values`. */
export interface Derived {
  readonly values: object;
  readonly origins: ReadonlyMap<string, Origin>;
}

export function derive(spec: CompleteSpec, origins: Layered<Origin>["origins"]): Derived {
  const derived = new Derivation(origins);
  if (spec.gpu.count === 0) withoutGpu(derived);
  else withGpu(spec, derived);
  oneBodyLimit(spec, derived);
  wholePictures(spec, derived);
  requestHash(spec, derived);
  return derived;
}

/** The processor's maximum, used where the Ingress has no limit: 1 GiB. */
const maxBodyBytes = 1_073_741_824;

/** One of the two fields is enough: otherwise the Ingress would reject what the processor may take, or the other way round. */
function oneBodyLimit({ processing, network }: CompleteSpec, derived: Derivation): void {
  const own = ["processing", "limits", "bodyBytes"];
  const ingress = ["network", "ingress", "maxBodySize"];
  if (derived.isStated(own) === derived.isStated(ingress)) return;
  if (derived.isStated(own)) {
    const why = "the Ingress lets through what the processor takes";
    derived.set(ingress, String(processing.limits.bodyBytes), { from: pathOf(own), why });
    return;
  }
  const bytes = nginxSizeBytes(network.ingress.maxBodySize);
  const value = bytes === 0 ? maxBodyBytes : Math.min(bytes, maxBodyBytes);
  derived.set(own, value, { from: pathOf(ingress), why: "the limit holds for clients that bypass the Ingress, too" });
}

/** CPU mode: switches off everything that needs a GPU or pays only there, and sets the guide's targets for CPUs. */
function withoutGpu(derived: Derivation): void {
  derived.unlessSet(["slo", "latencyP95"], "200ms", {
    why: "the guide's target on CPU",
    section: "Key Performance Metrics",
  });
  derived.unlessSet(["processing", "batch", "maxDelay"], "0ms", {
    why: "on a CPU, the model processes pictures one by one, so a delay only adds latency",
  });
  derived.set(["slo", "requestsPerSecondPerGpu"], 0, { why: "there is no GPU" });
  derived.set(["slo", "gpuUtilization", "min"], 0, { why: "there is no GPU" });
  derived.set(["slo", "gpuUtilization", "max"], 100, { why: "there is no GPU" });
  derived.set(["autoscaling", "horizontal", "gpuUtilizationPercent"], 0, { why: "there is no GPU" });
  derived.set(["monitoring", "dcgm", "enabled"], false, { why: "there is no GPU" });
}

function withGpu({ gpu, scheduling }: CompleteSpec, derived: Derivation): void {
  const resourceName = sharedResource(gpu, derived);
  if (
    gpu.allocation !== "ResourceClaim" &&
    gpu.share.strategy !== "Capacity" &&
    neededEngines(gpu.engines).length === 0
  ) {
    const why = `${gpu.count} of ${resourceName} for each pod`;
    // Extended resources cannot be overcommitted: the API server rejects a request that differs from the limit.
    derived.set(["resources", "requests", resourceName], String(gpu.count), { why });
    derived.set(["resources", "limits", resourceName], String(gpu.count), { why });
  }
  deviceClass(gpu, derived);
  const key = taintKey(gpu.resourceName);
  if (scheduling.tolerations.some((toleration) => toleration.key === undefined || toleration.key === key)) return;
  derived.set(
    ["scheduling", "tolerations"],
    [...scheduling.tolerations, { key, operator: "Exists", effect: "NoSchedule" }],
    {
      why: `nodes with GPUs have the taint ${key}`,
    },
  );
}

/** Returns the resource of shared GPUs, as NVIDIA's device plugin names it with `renameByDefault`. */
function sharedResource({ resourceName, share, allocation }: CompleteSpec["gpu"], derived: Derivation): string {
  const isOfPlugin = share.strategy === "TimeSlicing" || share.strategy === "MPS";
  if (!isOfPlugin || allocation === "ResourceClaim" || resourceName.endsWith(".shared")) return resourceName;
  const shared = `${resourceName}.shared`;
  const why = "the device plugin's name of shared GPUs (renameByDefault)";
  derived.set(["gpu", "resourceName"], shared, { from: "gpu.share.strategy", why });
  return shared;
}

/** The DeviceClass of the devices that an extended resource stands for, where it is not the profile's. */
function deviceClass({ resourceName: given, claim }: CompleteSpec["gpu"], derived: Derivation): void {
  const at = ["gpu", "claim", "deviceClassName"];
  const resourceName = given.replace(/\.shared$/, "");
  if (resourceName === "nvidia.com/gpu" || derived.isStated(at)) return;
  const from = "gpu.resourceName";
  // The device plugin writes the + of 1g.5gb+me as a dot, which a resource name may contain.
  const profile = /^nvidia\.com\/mig-(.+)$/.exec(resourceName)?.[1]?.replace(/\.me$/, "+me");
  if (profile === undefined) {
    derived.set(at, "", { from, why: `no DeviceClass of ${resourceName} is known` });
    return;
  }
  derived.set(at, "mig.nvidia.com", { from, why: "the class of MIG devices that NVIDIA's DRA driver creates" });
  const attributes = "device.attributes['gpu.nvidia.com']";
  derived.set(
    ["gpu", "claim", "selectors"],
    [...claim.selectors, `'profile' in ${attributes} && ${attributes}.profile == '${profile}'`],
    { from, why: "the class has MIG devices of every profile" },
  );
}

/** NVIDIA's nodes have one taint, even where MIG slices have other resource names. */
function taintKey(resourceName: string): string {
  return resourceName.startsWith("nvidia.com/") ? "nvidia.com/gpu" : resourceName;
}

/** What a model needs for a whole picture grows with it, and only the built-in ones are known to need little. */
function wholePictures({ model }: CompleteSpec, derived: Derivation): void {
  if (model.path === undefined || model.tile !== undefined) return;
  const why = "a model of your own gets the whole picture at once unless model.tile is set";
  derived.unlessSet(["processing", "limits", "pixels"], 4096 * 4096, { from: "model.path", why });
}

/**
 * Keeps the guide's key for pictures by URL, and adds what is empty for them: uploads differ by their size and, where nginx has
 * buffered them, by their file, WebSocket streams by their key.
 *
 * @see docs/adr/0013-uploads-are-not-hashed-by-their-uri.md
 */
const spreadingHash = "$request_uri$content_length$request_body_file$http_sec_websocket_key";

function requestHash({ processing }: CompleteSpec, derived: Derivation): void {
  if (processing.upstream.allowedHosts.length === 0) return;
  derived.unlessSet(["network", "ingress", "hashBy"], spreadingHash, {
    from: "processing.upstream.allowedHosts",
    section: "Load Balancing",
    why: "the guide's $request_uri for pictures by URL, extended by what differs between uploads and between streams",
  });
}

class Derivation implements Derived {
  readonly values: Record<string, unknown> = {};
  readonly origins = new Map<string, Origin>();
  readonly #below: Layered<Origin>["origins"];

  constructor(below: Layered<Origin>["origins"]) {
    this.#below = below;
  }

  set(
    keys: readonly string[],
    value: unknown,
    origin: Omit<Extract<Origin, { kind: "derived" }>, "kind" | "from"> & { readonly from?: string },
  ): void {
    let node = this.values;
    for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
    node[keys.at(-1) ?? ""] = value;
    this.origins.set(pathOf(keys), { kind: "derived", from: "gpu.count", ...origin });
  }

  /** A value of the spec or of a GpuMediaProfile takes precedence, with or without a GPU. */
  unlessSet(...[keys, value, origin]: Parameters<Derivation["set"]>): void {
    if (!this.isStated(keys)) this.set(keys, value, origin);
  }

  /** Whether the spec or a GpuMediaProfile has a value. */
  isStated(keys: readonly string[]): boolean {
    const below = this.#below.get(pathOf(keys));
    return below?.kind === "spec" || below?.kind === "profile";
  }
}

/** Makes quantities strings, and drops what was switched off: a request or limit of 0, a kernel parameter of "". */
export function normalise(spec: CompleteSpec): CompleteSpec {
  const { gpu, resources, autoscaling, slo, sysctls } = spec;
  const { memoryPerPod } = gpu.share;
  const { minAllowed, maxAllowed } = autoscaling.vertical;
  return {
    ...spec,
    ...(memoryPerPod === undefined
      ? {}
      : { gpu: { ...gpu, share: { ...gpu.share, memoryPerPod: amountText(memoryPerPod) } } }),
    resources: { requests: amounts(resources.requests), limits: amounts(resources.limits) },
    autoscaling: {
      ...autoscaling,
      vertical: {
        ...autoscaling.vertical,
        ...(minAllowed === undefined ? {} : { minAllowed: amounts(minAllowed) }),
        maxAllowed: amounts(maxAllowed) as typeof maxAllowed,
      },
    },
    slo: { ...slo, memory: amountText(slo.memory) },
    sysctls: Object.fromEntries(Object.entries(sysctls).filter(([, value]) => value !== "")),
  };
}

function amounts(quantities: Readonly<Record<string, string | number>>): Record<string, string> {
  const texts = Object.entries(quantities).map(([name, quantity]) => [name, amountText(quantity)] as const);
  return Object.fromEntries(texts.filter(([, text]) => quantityValue(text) !== 0));
}

/** A spec may have whole numbers without quotes. */
function amountText(quantity: string | number): string {
  return String(quantity);
}
