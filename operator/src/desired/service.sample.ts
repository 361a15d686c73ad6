/** A service for tests: `upscaler` in `media`, completed as the operator does. */
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { effectiveService } from "../effective/effective.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ChildContext } from "./context.ts";

export const sampleImage = "ghcr.io/gpumedia/processor:1.0.0";

export function sampleService(
  spec: GpuMediaServiceSpec = {},
  name = "upscaler",
  namespace = "media",
): EffectiveService {
  const metadata = { name, namespace, uid: "11111111-2222-3333-4444-555555555555" };
  const effective = effectiveService(
    { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata, spec },
    new Map(),
    { processorImage: sampleImage, processorImageCpu: sampleImage },
  );
  if (effective.kind !== "Effective") throw new Error(effective.message);
  return effective.service;
}

/** The metadata that all children of the sample share. `controls`: whether the service is the controller, as it is of all but the Deployment. */
export function sampleMetadata(name = "upscaler", controls = true) {
  return {
    name,
    namespace: "media",
    labels: {
      "app.kubernetes.io/name": "gpu-media",
      "app.kubernetes.io/instance": "upscaler",
      "app.kubernetes.io/managed-by": "gpumedia-operator",
      "app.kubernetes.io/part-of": "gpumedia",
      "gpumedia.io/service": "upscaler",
    },
    ownerReferences: [
      {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaService",
        name: "upscaler",
        uid: "11111111-2222-3333-4444-555555555555",
        ...(controls ? { controller: true } : {}),
        blockOwnerDeletion: true,
      },
    ],
  };
}

export const sampleContext: ChildContext = {
  operatorNamespace: "gpumedia-system",
  exportsTargets: true,
  gpus: { kind: "ExtendedResource", resource: "nvidia.com/gpu", count: 1 },
  rollout: "Surge",
  waitingReplicas: 0,
  gpuMetric: "Utilization",
  liveAddress: { addresses: [] },
  features: {
    gpuPodMetric: true,
    busyPodMetric: true,
    livePodMetrics: true,
    inPlaceVpa: true,
    resourceMetrics: true,
    hpaTolerance: true,
    imageVolumes: true,
    securityContextConstraints: false,
    fields: {},
  },
};

/** The guide's scaling behaviour (section Horizontal Pod Autoscaler). */
export const guideBehavior = {
  scaleUp: { stabilizationWindowSeconds: 60, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
  scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 10, periodSeconds: 60 }] },
};
