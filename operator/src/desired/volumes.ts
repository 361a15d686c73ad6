/** Volumes of a service's pods: the processor's configuration, the model, and scratch space. */
import type { EffectiveService } from "../effective/service.ts";
import { childName } from "../observe/child-kinds.ts";
import { addedMounts, addedVolumes } from "./added.ts";
import { withoutEmpties } from "./canonical.ts";
import type { ClusterFeatures } from "./context.ts";

/** Mounted as a directory: with a `subPath`, the processor would not see updates of the ConfigMap. */
const configDirectory = "/etc/gpumedia";
export const configKey = "config.json";
export const configPath = `${configDirectory}/${configKey}`;

const modelDirectory = "/models";

export const scratchVolume = "tmp";
/** For uploads and CUDA's cache of compiled kernels, whose path the image sets: the root file system is read-only. */
const scratch = { sizeLimit: "1Gi" };

export function volumes(service: EffectiveService): readonly object[] {
  const { volume } = service.model;
  return [
    { name: "config", configMap: { name: childName("configMap", service.name) } },
    { name: scratchVolume, emptyDir: scratch },
    ...(volume === undefined ? [] : [{ name: "model", ...modelVolume(volume) }]),
    ...addedVolumes(service),
  ];
}

export function volumeMounts(service: EffectiveService): readonly object[] {
  return [
    { name: "config", mountPath: configDirectory, readOnly: true },
    { name: scratchVolume, mountPath: "/tmp" },
    ...(service.model.volume === undefined ? [] : [{ name: "model", mountPath: modelDirectory, readOnly: true }]),
    ...addedMounts(service),
  ];
}

/**
 * Why the pods cannot have their volumes; undefined when they can. An API server whose feature gate ImageVolume is off drops image volumes
 * silently, together with their mounts: the pods would start without the model.
 *
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/ (on by default since 1.35)
 */
export function unsupportedVolume({ model, volumes }: EffectiveService, features: ClusterFeatures): string | undefined {
  if (features.imageVolumes) return undefined;
  const added = volumes.findIndex(({ image }) => image !== undefined);
  const path = model.volume?.image !== undefined ? "model.volume.image" : `volumes[${added}].image`;
  if (model.volume?.image === undefined && added < 0) return undefined;
  return `${path}: requires Kubernetes 1.35 or newer; use a persistentVolumeClaim or an init container that fetches the files, or upgrade the cluster`;
}

/** Path of the model's file in the pod; undefined for a built-in model. */
export function modelPath({ model }: EffectiveService): string | undefined {
  return model.path === undefined ? undefined : `${modelDirectory}/${model.path}`;
}

type ModelVolume = NonNullable<EffectiveService["model"]["volume"]>;

function modelVolume({ persistentVolumeClaim, image, csi }: ModelVolume): object {
  if (persistentVolumeClaim !== undefined)
    return { persistentVolumeClaim: { ...persistentVolumeClaim, readOnly: true } };
  if (image !== undefined) return { image };
  return { csi: withoutEmpties({ ...csi, readOnly: true }) };
}
