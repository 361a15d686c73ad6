/** The fields of a pod that the process node reads. */
import type { KubernetesObject } from "../rest.ts";

export interface Pod extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & {
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: {
    readonly nodeName: string;
    readonly restartPolicy: "Always" | "OnFailure" | "Never";
    readonly terminationGracePeriodSeconds?: number;
    readonly containers: readonly ContainerSpec[];
    readonly initContainers?: readonly unknown[];
    readonly volumes?: readonly Volume[];
  };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly PodCondition[] };
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly resources?: Resources;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: Hook };
  readonly terminationMessagePath?: string;
  readonly terminationMessagePolicy?: "File" | "FallbackToLogsOnError";
}

export interface Resources {
  readonly limits?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

/** With the API server's defaults. */
export interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port: number | string };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export interface Hook {
  readonly sleep?: { readonly seconds: number };
  readonly exec?: { readonly command: readonly string[] };
}

export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly emptyDir?: object;
}

export interface PodCondition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The first feature of the pod that this node does not support, for the pod's status; undefined if there is none. */
export function unsupported({ spec }: Pod): string | undefined {
  const { initContainers = [], volumes = [], containers } = spec;
  if (initContainers.length > 0) return "init containers do not run on a process node";
  const volume = volumes.find(
    // Every pod has a volume for the service account's token: its directory exists and is empty.
    ({ name, configMap, emptyDir }) =>
      configMap === undefined && emptyDir === undefined && !name.startsWith("kube-api-access-"),
  );
  if (volume !== undefined) return `volume ${volume.name} is neither a configMap nor an emptyDir`;
  for (const { name, env = [], lifecycle, ...container } of containers) {
    const reference = env.find(({ valueFrom }) => valueFrom !== undefined && valueFrom.fieldRef === undefined);
    if (reference !== undefined)
      return `container ${name}: variable ${reference.name} is neither a value nor a fieldRef`;
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    if (probes.some((probe) => probe !== undefined && probe.httpGet === undefined)) {
      return `container ${name}: only httpGet probes are supported`;
    }
    const { preStop } = lifecycle ?? {};
    if (preStop !== undefined && preStop.sleep === undefined && preStop.exec === undefined) {
      return `container ${name}: preStop is neither sleep nor exec`;
    }
  }
  return undefined;
}
