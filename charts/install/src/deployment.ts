/** The operator's pods. */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { object, selectorLabels, type Installation } from "./release.ts";
import { defaultValues } from "./values.ts";

/** Of the Service. */
export const metricsPort = 8080;
/** The image's user; any user but root works. */
const user = 65_532;

export function serviceAccount(installation: Installation): Manifest {
  const { annotations } = installation.values.serviceAccount;
  const account = object(installation, "v1", "ServiceAccount", {});
  if (Object.keys(annotations).length === 0) return account;
  return { ...account, metadata: { ...account.metadata, annotations } };
}

export function deployment(installation: Installation): Manifest {
  const { values, name } = installation;
  return object(installation, "apps/v1", "Deployment", {
    spec: {
      replicas: values.replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: selectorLabels(installation) },
      // A new pod gets no node while each node's ports are taken.
      ...(values.hostNetwork
        ? { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }
        : {}),
      template: {
        metadata: {
          labels: { ...values.podLabels, ...selectorLabels(installation) },
          ...unlessEmpty("annotations", values.podAnnotations),
        },
        spec: {
          serviceAccountName: name,
          ...(values.hostNetwork ? { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" } : {}),
          ...unlessEmpty("imagePullSecrets", values.imagePullSecrets),
          ...unlessEmpty("priorityClassName", values.priorityClassName),
          // Longer than --shutdown-timeout: a killed leader does not release the Lease.
          terminationGracePeriodSeconds: 30,
          securityContext: {
            runAsNonRoot: true,
            ...(values.runAs === "Platform" ? {} : { runAsUser: user, runAsGroup: user }),
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [container(installation)],
          ...unlessEmpty("nodeSelector", values.nodeSelector),
          ...unlessEmpty("tolerations", values.tolerations),
          ...unlessEmpty("affinity", values.affinity),
          ...topologySpread(installation),
        },
      },
    },
  });
}

function container(installation: Installation): object {
  const { values, version } = installation;
  const { image, metricsApi, ports } = values;
  return {
    name: "operator",
    image: `${image.repository}:${image.tag || version}`,
    imagePullPolicy: image.pullPolicy,
    args: flags(installation),
    env: [
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      ...(metricsApi.enabled
        ? [
            {
              name: "GPUMEDIA_METRICS_API_ADVERTISE_ADDRESS",
              valueFrom: { fieldRef: { fieldPath: "status.podIP" } },
            },
          ]
        : []),
    ],
    ports: [
      containerPort("metrics", ports.metrics, values),
      containerPort("health", ports.health, values),
      ...(metricsApi.enabled ? [containerPort("metrics-api", metricsApi.port, values)] : []),
    ],
    // Listing a large cluster takes a while; the process exits by itself when it cannot.
    startupProbe: { httpGet: { path: "/livez", port: "health" }, periodSeconds: 2, failureThreshold: 30 },
    livenessProbe: { httpGet: { path: "/livez", port: "health" }, periodSeconds: 20, timeoutSeconds: 5 },
    readinessProbe: { httpGet: { path: "/readyz", port: "health" }, periodSeconds: 5 },
    ...unlessEmpty("resources", values.resources),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}

/** The API server sets the host port, too; without it, Helm and GitOps tools would see a difference. */
function containerPort(name: string, port: number, { hostNetwork }: Installation["values"]): object {
  return { name, containerPort: port, ...(hostNetwork ? { hostPort: port } : {}), protocol: "TCP" };
}

function flags({ values, name }: Installation): readonly string[] {
  const { namespaces, runbookUrl, metricsApi, ports } = values;
  return [
    `--lease-name=${name}`,
    `--processor-image=${values.processorImage}`,
    `--processor-image-cpu=${values.processorImageCpu}`,
    `--log-level=${values.logLevel}`,
    ...(ports.metrics === defaultValues.ports.metrics ? [] : [`--metrics-address=:${ports.metrics}`]),
    ...(ports.health === defaultValues.ports.health ? [] : [`--health-address=:${ports.health}`]),
    ...(runbookUrl === "" ? [] : [`--runbook-url=${runbookUrl}`]),
    ...(namespaces.length === 0 ? [] : [`--namespaces=${namespaces.join(",")}`]),
    ...(metricsApi.enabled
      ? [`--metrics-api-address=:${metricsApi.port}`, `--metrics-api-service=${name}-metrics-api`]
      : []),
    ...values.extraArgs,
  ];
}

function topologySpread(installation: Installation): object {
  const { topologySpread: whenUnsatisfiable } = installation.values;
  if (whenUnsatisfiable === "Off") return {};
  const labelSelector = { matchLabels: selectorLabels(installation) };
  const constraint = { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable, labelSelector };
  return { topologySpreadConstraints: [constraint] };
}

/** Omits empty values: the API server drops them, and every comparison would find a difference. */
function unlessEmpty(member: string, value: object | string): object {
  const size = typeof value === "string" ? value.length : Object.keys(value).length;
  return size === 0 ? {} : { [member]: value };
}
