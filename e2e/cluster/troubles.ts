/** What can be wrong with a service that its neighbours must not notice. */
import { failingImages } from "./kwok-stages.ts";

/** Few pods, and otherwise the guide's production setup. */
export const healthySpec = { autoscaling: { horizontal: { minReplicas: 1 } } };

export interface Trouble {
  readonly spec: object;
  /** Of its condition Ready, once the operator has found it. */
  readonly reason: string;
  /** Somebody else has to have a Service of that name before. */
  readonly taken?: boolean;
}

export const troubles: readonly Trouble[] = [
  { spec: { profile: "no-such-profile" }, reason: "UnknownProfile" },
  { spec: { ...healthySpec, image: failingImages.pullFails }, reason: "ImagePullFailed" },
  { spec: { ...healthySpec, image: failingImages.crashes }, reason: "CrashLoop" },
  { spec: { ...healthySpec, gpu: { resourceName: "nvidia.com/mig-7g.80gb" } }, reason: "WaitingForGpu" },
  { spec: healthySpec, taken: true, reason: "NameTaken" },
];

/** The one of the nth service in trouble: all kinds in turn. */
export function troubleOf(index: number): Trouble {
  return troubles[index % troubles.length] as Trouble;
}

/** Takes the name of a child: what a service in `taken` trouble finds there. */
export function namesake(namespace: string, name: string) {
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name }, spec: { ports: [{ port: 80 }] } };
}
