/** What can be wrong with a service without affecting others. */
import { failingImages } from "./kwok-stages.ts";

/** The guide's production setup with few pods. */
export const healthySpec = { autoscaling: { horizontal: { minReplicas: 1 } } };

export interface Trouble {
  readonly spec: object;
  /** The reason of its Ready condition. */
  readonly reason: string;
  /** A Service of its name has to exist before, with another owner. */
  readonly taken?: boolean;
}

export const troubles: readonly Trouble[] = [
  { spec: { profile: "no-such-profile" }, reason: "UnknownProfile" },
  { spec: { ...healthySpec, image: failingImages.pullFails }, reason: "ImagePullFailed" },
  { spec: { ...healthySpec, image: failingImages.crashes }, reason: "CrashLoop" },
  { spec: { ...healthySpec, gpu: { resourceName: "nvidia.com/mig-7g.80gb" } }, reason: "WaitingForGpu" },
  { spec: healthySpec, taken: true, reason: "NameTaken" },
];

/** The trouble of the nth service: all kinds in turn. */
export function troubleOf(index: number): Trouble {
  return troubles[index % troubles.length] as Trouble;
}

/** A Service that has the name of a child, for a service whose trouble is `taken`. */
export function namesake(namespace: string, name: string) {
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name }, spec: { ports: [{ port: 80 }] } };
}
