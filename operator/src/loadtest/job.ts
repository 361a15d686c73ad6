/** The Job that runs a load test: one pod of the processor's image, once, with the result as its termination message. Pure. */
import { durationSeconds, quantityValue, type GpuMediaLoadTest } from "@gpumedia/api";
import type { ClusterFeatures } from "../desired/context.ts";
import { podUser } from "../desired/pod-user.ts";
import { unlessEmpty } from "../desired/canonical.ts";
import { canonicalQuantity } from "../desired/canonical-quantity.ts";
import { loadTestOfLabel, managedBy } from "../observe/names.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";

export const loadTestLabel = "gpumedia.io/load-test";

type Test = Pick<GpuMediaLoadTest, "metadata" | "spec">;

export const containerName = "loadtest";
/** The slowest start of a pod, in seconds: pulling an image of some gigabytes over a slow link. */
const startSeconds = 600;
const longestRunSeconds = 3_600;

export function loadTestJob(
  { metadata, spec }: Test,
  service: EffectiveService,
  features: Pick<ClusterFeatures, "securityContextConstraints">,
): Manifest & { readonly spec: object } {
  const { name, namespace = "", uid = "" } = metadata;
  const labels = {
    "app.kubernetes.io/name": "gpu-media-loadtest",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": managedBy,
    "app.kubernetes.io/part-of": "gpumedia",
    [loadTestLabel]: name,
    [loadTestOfLabel]: service.name,
  };
  const { scheduling } = service;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace,
      labels,
      // Deleted with the test: its pod receives SIGTERM and stops sending.
      ownerReferences: [
        {
          apiVersion: "gpumedia.io/v1alpha1",
          kind: "GpuMediaLoadTest",
          name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      // A second run would find the load of the first one still queued.
      backoffLimit: 0,
      activeDeadlineSeconds: startSeconds + runSeconds(spec),
      template: {
        metadata: { labels, ...unlessEmpty("annotations", meshAnnotations[service.network.mesh]) },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            ...podUser(service, features),
            seccompProfile: { type: "RuntimeDefault" },
          },
          ...(service.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: service.imagePullSecrets }),
          ...(scheduling.priorityClassName === undefined ? {} : { priorityClassName: scheduling.priorityClassName }),
          tolerations: scheduling.tolerations,
          containers: [
            {
              name: containerName,
              image: spec.image ?? service.image,
              ...(service.imagePullPolicy === undefined ? {} : { imagePullPolicy: service.imagePullPolicy }),
              command: ["gpumedia-loadtest"],
              args: loadTestArguments(spec, service),
              ...liveToken(spec, service),
              resources: clientResources(spec.resources),
              terminationMessagePolicy: "FallbackToLogsOnError",
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"] },
                readOnlyRootFilesystem: true,
              },
            },
          ],
        },
      },
    },
  };
}

/** Only live video needs it; the client would send it with pictures, too. */
function liveToken({ scenario }: GpuMediaLoadTest["spec"], { live }: EffectiveService): object {
  if (scenario !== "live" || live.tokenSecretRef === undefined) return {};
  return { env: [{ name: "GPUMEDIA_LIVE_TOKEN", valueFrom: { secretKeyRef: live.tokenSecretRef } }] };
}

/** The client must not send before the proxy can: Linkerd's is awaited by default. */
const meshAnnotations: Readonly<Record<EffectiveService["network"]["mesh"], Readonly<Record<string, string>>>> = {
  None: {},
  Istio: { "proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}' },
  Linkerd: {},
};

/** With too little CPU the client would measure itself. */
const defaultResources = { requests: { cpu: "1", memory: "256Mi" }, limits: { memory: "512Mi" } };

function clientResources({ requests, limits }: GpuMediaLoadTest["spec"]["resources"] = {}): object {
  return {
    ...unlessEmpty("requests", amounts({ ...defaultResources.requests, ...requests })),
    ...unlessEmpty("limits", amounts({ ...defaultResources.limits, ...limits })),
  };
}

/** An amount of 0 removes a default. */
function amounts(quantities: Readonly<Record<string, string | number>>): Readonly<Record<string, string>> {
  const texts = Object.entries(quantities).map(([name, amount]) => [name, String(amount)] as const);
  const present = texts.filter(([, text]) => quantityValue(text) !== 0);
  return Object.fromEntries(present.map(([name, text]) => [name, canonicalQuantity(text)]));
}

/** See docs/load-test.md. The client allows no errors unless a threshold does. */
export function loadTestArguments(spec: GpuMediaLoadTest["spec"], service: EffectiveService): readonly string[] {
  const { scenario, requests, concurrency, sessions, framesPerSecond, duration, timeout, thresholds = {} } = spec;
  const flag = (name: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [`--${name}=${value}`];
  const threshold = (metric: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [`--threshold=${metric}=${value}`];
  const share = (value: number | undefined): string | undefined => (value === undefined ? undefined : `${value}%`);
  return [
    `--url=http://${service.name}.${service.namespace}`,
    `--scenario=${scenario ?? "baseline"}`,
    ...flag("requests", requests),
    ...flag("concurrency", concurrency),
    ...flag("sessions", sessions),
    ...flag("frames-per-second", framesPerSecond),
    ...flag("duration", duration),
    ...flag("timeout", timeout),
    ...threshold("p95", thresholds.latencyP95 ?? service.slo.latencyP95),
    ...threshold("errors", share(thresholds.errorPercent)),
    // The p95 covers accepted requests only: it would be met with nine of ten requests rejected.
    ...threshold("rejected", share(thresholds.rejectedPercent ?? 0)),
    ...threshold("rps", thresholds.requestsPerSecond?.toString()),
    "--termination-message=/dev/termination-log",
  ];
}

function runSeconds({ scenario, duration }: GpuMediaLoadTest["spec"]): number {
  if (duration !== undefined) return durationSeconds(duration);
  return scenario === "endurance" ? 1_800 : longestRunSeconds;
}
