/** The container `gpu-media` of a service's pods. */
import type { EffectiveService } from "../effective/service.ts";
import { unlessEmpty } from "./canonical.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";
import { containerName } from "../observe/names.ts";
import { environment } from "./environment.ts";
import { configPath, volumeMounts } from "./volumes.ts";

/** The processor's port (guide, FastAPI Performance) and its name in all objects. */
export const httpPort = 8080;
export const httpPortName = "http";

/**
 * Time from a container's start to the end of the model's warm-up: CUDA's first start, the search for the fastest
 * algorithms, and reading a model of some GiB from a slow volume. In seconds.
 */
export const startBudgetSeconds = 300;
const startProbePeriodSeconds = 5;

/** Requests still arrive until every proxy has removed a terminating pod from its endpoints. In seconds. */
export const endpointRemovalSeconds = 5;

export function container(service: EffectiveService): object {
  return {
    name: containerName,
    image: service.image,
    ...(service.imagePullPolicy === undefined ? {} : { imagePullPolicy: service.imagePullPolicy }),
    args: ["--config", configPath],
    ports: [{ name: httpPortName, containerPort: httpPort, protocol: "TCP" }],
    ...unlessEmpty("env", environment(service)),
    resources: resources(service),
    ...probes,
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

function resources({ resources: { requests, limits } }: EffectiveService): object {
  return { ...unlessEmpty("requests", amounts(requests)), ...unlessEmpty("limits", amounts(limits)) };
}

function amounts(quantities: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(quantities).map(([name, text]) => [name, canonicalQuantity(text)]));
}

const probe = (path: string) => ({ httpGet: { path, port: httpPortName } });

/** Ready after warm-up and until draining. Alive even when saturated: `/livez` still answers within 100 ms. */
const probes = {
  startupProbe: {
    ...probe("/readyz"),
    periodSeconds: startProbePeriodSeconds,
    timeoutSeconds: 2,
    failureThreshold: startBudgetSeconds / startProbePeriodSeconds,
  },
  readinessProbe: { ...probe("/readyz"), periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
  livenessProbe: { ...probe("/livez"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
};
