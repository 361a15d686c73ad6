/** The container `gpu-media` of a service's pods. */
import { durationSeconds } from "@gpumedia/api";
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { unlessEmpty } from "./canonical.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";
import { containerName } from "../observe/names.ts";
import { environment } from "./environment.ts";
import { configPath, volumeMounts } from "./volumes.ts";

/** The processor's port (guide, FastAPI Performance) and its name in all objects. */
export const httpPort = 8080;
export const httpPortName = "http";

/** Of the UDP port of live video. */
export const livePortName = "live";

/** Requests still arrive until every proxy has removed a terminating pod from its endpoints. In seconds. */
export const endpointRemovalSeconds = 5;

/** Of the pod's claim for GPUs. */
export const claimName = "gpu";

export function container(service: EffectiveService, gpus: GpuRequest): object {
  return {
    name: containerName,
    image: service.image,
    ...(service.imagePullPolicy === undefined ? {} : { imagePullPolicy: service.imagePullPolicy }),
    args: ["--config", configPath],
    ports: [
      { name: httpPortName, containerPort: httpPort, protocol: "TCP" },
      ...(service.live.enabled ? [{ name: livePortName, containerPort: service.live.udpPort, protocol: "UDP" }] : []),
    ],
    ...unlessEmpty("env", environment(service, gpus)),
    resources: resources(service, gpus),
    ...probes(service),
    // SIGTERM closes the listening socket: proxies that still route to the pod would have their connections refused.
    lifecycle: { preStop: { sleep: { seconds: endpointRemovalSeconds } } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: volumeMounts(service),
  };
}

function resources({ resources: { requests, limits }, gpu }: EffectiveService, gpus: GpuRequest): object {
  if (gpus.kind !== "ResourceClaim") {
    return { ...unlessEmpty("requests", amounts(requests)), ...unlessEmpty("limits", amounts(limits)) };
  }
  // Beside the claim, the extended resource would be a second GPU.
  const { [gpu.resourceName]: _request, ...otherRequests } = requests;
  const { [gpu.resourceName]: _limit, ...otherLimits } = limits;
  return {
    ...unlessEmpty("requests", amounts(otherRequests)),
    ...unlessEmpty("limits", amounts(otherLimits)),
    claims: [{ name: claimName }],
  };
}

function amounts(quantities: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(quantities).map(([name, text]) => [name, canonicalQuantity(text)]));
}

const probe = (path: string) => ({ httpGet: { path, port: httpPortName } });

/** Ready after warm-up and until draining. Alive even when saturated. */
function probes({ probes: { startup, readiness, liveness } }: EffectiveService): object {
  const { budget, ...startTimes } = startup;
  const failureThreshold = Math.ceil(durationSeconds(budget) / startup.periodSeconds);
  return {
    startupProbe: { ...probe("/readyz"), ...startTimes, failureThreshold },
    readinessProbe: { ...probe("/readyz"), ...readiness },
    livenessProbe: { ...probe("/livez"), ...liveness },
  };
}
