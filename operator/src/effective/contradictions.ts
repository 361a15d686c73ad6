/**
 * Contradictions in the merged profile and spec. The CRD's rules see only the spec; these see the effective values, so that
 * the API server never rejects a child, and no two autoscalers fight.
 */
import {
  durationMs,
  durationSeconds,
  isAddress,
  memoryForPixels,
  pathOf,
  quantityValue,
  workersFor,
} from "@gpumedia/api";
import { longestNameSuffix } from "../observe/child-kinds.ts";
import { addedProblems, mountsModels } from "./added.ts";
import { neededEngines } from "./gpu-request.ts";
import type { EffectiveService, Origin, Problem } from "./service.ts";

type Origins = ReadonlyMap<string, Origin>;
type Rule = (service: EffectiveService, origins: Origins) => Problem | null;

/** Kubernetes keeps the number of failures and the deadline of a rollout in 32 bits. */
const longestStartSeconds = 86_400;

const maxNameLength = 63 - longestNameSuffix;

export function contradictions(service: EffectiveService, origins: Origins): readonly Problem[] {
  return [
    ...rules.map((rule) => rule(service, origins)).filter((problem) => problem !== null),
    ...requestsAboveLimits(service, origins),
    ...overcommitted(service),
    ...addedProblems(service),
    ...invalidPublicAddresses(service),
  ];
}

const rules: readonly Rule[] = [
  function name({ name }) {
    if (name.length <= maxNameLength && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) return null;
    return {
      path: "metadata.name",
      message: `${name} is not valid in the names of children: use at most ${maxNameLength} characters of a-z, 0-9 and -, starting with a letter`,
    };
  },

  function replicas({ autoscaling }, origins) {
    if (!autoscaling.horizontal.enabled || origins.get("replicas")?.kind !== "spec") return null;
    return {
      path: "replicas",
      message: `the autoscaler sets the replicas (autoscaling.horizontal.enabled comes from ${originText(origins, "autoscaling.horizontal.enabled")}): set autoscaling.horizontal.minReplicas and maxReplicas instead of replicas, or autoscaling.horizontal.enabled: false`,
    };
  },

  function replicaBounds({ autoscaling: { horizontal } }, origins) {
    const { minReplicas, maxReplicas } = horizontal;
    if (minReplicas <= maxReplicas) return null;
    const [min, max] = ["minReplicas", "maxReplicas"].map((key) =>
      originText(origins, `autoscaling.horizontal.${key}`),
    );
    return {
      path: "autoscaling.horizontal",
      message: `minReplicas ${minReplicas} (${min}) is above maxReplicas ${maxReplicas} (${max}): set both`,
    };
  },

  function somethingToScaleOn({ autoscaling: { horizontal }, live }) {
    if (!horizontal.enabled || horizontal.cpuUtilizationPercent > 0 || horizontal.gpuUtilizationPercent > 0)
      return null;
    if (live.enabled && horizontal.liveSessionsPercent + horizontal.droppedFramesPercent > 0) return null;
    return {
      path: "autoscaling.horizontal",
      message: "no metric to scale on: set cpuUtilizationPercent or gpuUtilizationPercent, or enabled: false",
    };
  },

  function cpuRequestToScaleOn({ autoscaling: { horizontal }, resources }) {
    if (!horizontal.enabled || horizontal.cpuUtilizationPercent === 0) return null;
    if ((resources.requests["cpu"] ?? resources.limits["cpu"]) !== undefined) return null;
    return {
      path: "resources.requests.cpu",
      message:
        "cpuUtilizationPercent is relative to the CPU request, and there is none: set resources.requests.cpu, or autoscaling.horizontal.cpuUtilizationPercent: 0",
    };
  },

  function bothAutoscalersOnCpu({ autoscaling: { horizontal, vertical } }) {
    const horizontally = horizontal.enabled && horizontal.cpuUtilizationPercent > 0;
    const vertically = vertical.enabled && vertical.mode !== "Off" && vertical.controlledResources.includes("cpu");
    if (!horizontally || !vertically) return null;
    return {
      path: "autoscaling.vertical.controlledResources",
      message:
        "both autoscalers would act on CPU: set controlledResources: [memory], or autoscaling.horizontal.cpuUtilizationPercent: 0",
    };
  },

  function verticalBounds({ autoscaling: { vertical } }) {
    const { minAllowed = {}, maxAllowed } = vertical;
    const resource = (["cpu", "memory"] as const).find(
      (name) => quantityValue(minAllowed[name] ?? "0") > quantityValue(maxAllowed[name] ?? "1e99"),
    );
    if (resource === undefined) return null;
    return {
      path: `autoscaling.vertical.minAllowed.${resource}`,
      message: `${minAllowed[resource]} is above maxAllowed.${resource} ${maxAllowed[resource]}: lower it, or raise the maximum`,
    };
  },

  function claimedClass({ gpu }) {
    const { deviceClassName, firstAvailable } = gpu.claim;
    if (gpu.allocation !== "ResourceClaim" || gpu.count === 0 || deviceClassName !== "") return null;
    if (firstAvailable.length > 0 && firstAvailable.every((one) => one.deviceClassName !== undefined)) return null;
    return {
      path: "gpu.claim.deviceClassName",
      message: `no DeviceClass of ${gpu.resourceName} is known: set the DeviceClass of the GPUs`,
    };
  },

  function unusedClaim({ gpu }, origins) {
    if (gpu.allocation !== "ExtendedResource") return null;
    const claimed = [...origins].some(([path, { kind }]) => path.startsWith("gpu.claim.") && kind === "spec");
    if (!claimed) return null;
    return {
      path: "gpu.claim",
      message: `gpu.claim needs gpu.allocation ResourceClaim or Auto, and it is ExtendedResource (${originText(origins, "gpu.allocation")}): set gpu.allocation, or remove gpu.claim`,
    };
  },

  function enginesOfClaim({ gpu }, origins) {
    if (gpu.allocation !== "ExtendedResource" || gpu.count === 0 || neededEngines(gpu.engines).length === 0)
      return null;
    return {
      path: "gpu.engines",
      message: `gpu.engines needs gpu.allocation ResourceClaim or Auto, and it is ExtendedResource (${originText(origins, "gpu.allocation")}): set gpu.allocation, or remove gpu.engines`,
    };
  },

  function sharing({ gpu }, origins) {
    const { strategy, memoryPerPod } = gpu.share;
    if (gpu.count === 0) return null;
    const at = (field: string, message: string) => ({ path: `gpu.share.${field}`, message });
    if (strategy === "None") {
      return memoryPerPod === undefined ? null : at("memoryPerPod", "needs gpu.share.strategy: set it");
    }
    if (strategy === "Capacity" && memoryPerPod === undefined) {
      return at("memoryPerPod", "strategy Capacity shares a GPU by the memory that each pod claims: set it");
    }
    if (strategy === "Capacity" && gpu.allocation === "ExtendedResource") {
      return at(
        "strategy",
        `Capacity needs gpu.allocation ResourceClaim or Auto, and it is ExtendedResource (${originText(origins, "gpu.allocation")}): set gpu.allocation, or another strategy`,
      );
    }
    if (gpu.allocation === "ResourceClaim" || strategy === "Capacity" || gpu.count === 1) return null;
    return {
      path: "gpu.count",
      message: `is ${gpu.count}, and a second share of a device plugin gives no more of a GPU: set gpu.count: 1, or gpu.allocation: ResourceClaim`,
    };
  },

  function modelFile(service) {
    const { model } = service;
    if (model.path === undefined || model.volume !== undefined || mountsModels(service)) return null;
    return { path: "model.volume", message: `${model.path} needs a volume: set model.volume, or remove model.path` };
  },

  function memoryForPictures({ processing: { limits }, resources }, origins) {
    const { memory, cpu } = resources.limits;
    const origin = origins.get("processing.limits.pixels")?.kind;
    // The processor rejects what does not fit; only a limit that a spec or a profile sets is a promise.
    if (memory === undefined || (origin !== "spec" && origin !== "profile")) return null;
    const needed = memoryForPixels(limits.pixels, workersFor(cpu === undefined ? 1 : quantityValue(cpu)));
    if (quantityValue(memory) >= needed) return null;
    const from = originText(origins, "resources.limits.memory");
    return {
      path: "processing.limits.pixels",
      message: `${limits.pixels} pixels need ${Math.ceil(needed / 1024 ** 2)}Mi of memory, and resources.limits.memory is ${memory} (${from}): raise it, or lower processing.limits.pixels`,
    };
  },

  function ingressHost({ network: { ingress } }) {
    if (!ingress.enabled || ingress.host !== undefined) return null;
    return {
      path: "network.ingress.host",
      message: "an Ingress without a host would match every host: set the host",
    };
  },

  function ingressAndGateway({ network: { ingress, gateway } }) {
    if (!ingress.enabled || gateway.parentRefs.length === 0 || ingress.host === undefined) return null;
    if (!gateway.hostnames.includes(ingress.host)) return null;
    return {
      path: "network.gateway.hostnames",
      message: `${ingress.host} is also the host of the Ingress: remove one of the two, or set network.ingress.enabled: false`,
    };
  },

  function relays({ live }, origins) {
    if (!live.enabled || live.iceTransportPolicy !== "relay" || live.iceServers.some((url) => url.startsWith("turn")))
      return null;
    return {
      path: "live.iceServers",
      message: `clients may only use relays (live.iceTransportPolicy: relay from ${originText(origins, "live.iceTransportPolicy")}), and there is no TURN server: add its URL, such as turn:turn.example.com:3478`,
    };
  },

  function gpuBand({ slo: { gpuUtilization } }) {
    if (gpuUtilization.min < gpuUtilization.max) return null;
    return {
      path: "slo.gpuUtilization",
      message: `min ${gpuUtilization.min} is not below max ${gpuUtilization.max}: set both`,
    };
  },

  function startBudget({ probes }) {
    if (durationSeconds(probes.startup.budget) <= longestStartSeconds) return null;
    return { path: "probes.startup.budget", message: `${probes.startup.budget} is above the maximum of 24h` };
  },

  function latency({ slo }) {
    const target = (["latencyP95", "frameLatencyP95"] as const).find((name) => durationMs(slo[name]) === 0);
    return target === undefined ? null : { path: `slo.${target}`, message: "must be above 0" };
  },
];

/** The API server rejects a pod with a request above its limit. */
function requestsAboveLimits(
  { resources: { requests, limits } }: EffectiveService,
  origins: Origins,
): readonly Problem[] {
  return Object.entries(requests).flatMap(([name, request]) => {
    const limit = limits[name];
    if (limit === undefined || quantityValue(request) <= quantityValue(limit)) return [];
    return {
      path: pathOf(["resources", "requests", name]),
      message: `${request} (${originText(origins, pathOf(["resources", "requests", name]))}) is above the limit ${limit} (${originText(origins, pathOf(["resources", "limits", name]))}): raise the limit, or remove it with 0`,
    };
  });
}

/** Devices are whole and not shared: the API server rejects a request that differs from the limit. */
function overcommitted({ resources: { requests, limits } }: EffectiveService): readonly Problem[] {
  const devices = [...new Set([...Object.keys(requests), ...Object.keys(limits)])].filter((name) => name.includes("/"));
  return devices.flatMap((name) => {
    const limit = limits[name];
    const path = pathOf(["resources", "limits", name]);
    if (limit === undefined)
      return { path, message: `${name} needs a limit equal to its request: set it to ${requests[name]}` };
    if (!Number.isInteger(quantityValue(limit)))
      return { path, message: `${limit} is not a whole number of devices: set a whole number` };
    const request = requests[name] ?? limit;
    if (quantityValue(request) >= quantityValue(limit)) return [];
    return {
      path,
      message: `${limit} differs from the request ${request}, and devices are not shared: set both to the same number`,
    };
  });
}

/** The processor would announce them to clients, which reject the whole answer. */
function invalidPublicAddresses({ live }: EffectiveService): readonly Problem[] {
  return live.publicAddresses.flatMap((address, index) =>
    isAddress(address)
      ? []
      : [
          {
            path: pathOf(["live", "publicAddresses", index]),
            message: `${address} is not an IP address: WebRTC announces addresses, not host names`,
          },
        ],
  );
}

function originText(origins: Origins, path: string): string {
  const origin = origins.get(path);
  switch (origin?.kind) {
    case "guide":
    case "choice":
    case "profile":
      return `profile ${origin.profile}`;
    case "flag":
      return origin.flag;
    case "derived":
      return origin.from;
    case "spec":
    case undefined:
      return "spec";
  }
}
