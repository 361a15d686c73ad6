/** Volumes of a service's pods: the processor's configuration, the model, and scratch space. */
import type { EffectiveService } from "../effective/service.ts";
import { childName } from "../observe/child-kinds.ts";
import { addedMounts, addedVolumes } from "./added.ts";
import { withoutEmpties } from "./canonical.ts";

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
