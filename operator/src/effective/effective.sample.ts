/** Services and profiles for the tests of this package, and what becomes of them. */
import type { GpuMediaProfile, GpuMediaProfileSpec, GpuMediaService, GpuMediaServiceSpec } from "@gpumedia/api";
import { effectiveService } from "./effective.ts";
import type { EffectiveService, Origin } from "./service.ts";

export const defaults = {
  processorImage: "registry.example/processor:1-cuda",
  processorImageCpu: "registry.example/processor:1",
};

export function service(spec: GpuMediaServiceSpec, name = "upscaler"): GpuMediaService {
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaService",
    metadata: { name, namespace: "media", uid: "1f4c" },
    spec,
  };
}

export function profile(name: string, spec: GpuMediaProfileSpec): GpuMediaProfile {
  return { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaProfile", metadata: { name }, spec };
}

export function effective(
  spec: GpuMediaServiceSpec,
  ...profiles: readonly GpuMediaProfile[]
): { readonly service: EffectiveService; readonly origins: ReadonlyMap<string, Origin> } {
  const byName = new Map(profiles.map((object) => [object.metadata.name, object]));
  const result = effectiveService(service(spec), byName, defaults);
  if (result.kind !== "Effective") throw new Error(result.message);
  return result;
}

/** The messages of the problems by path. */
export function problems(
  object: GpuMediaService,
  ...profiles: readonly GpuMediaProfile[]
): Readonly<Record<string, string>> {
  const byName = new Map(profiles.map((each) => [each.metadata.name, each]));
  const result = effectiveService(object, byName, defaults);
  if (result.kind !== "InvalidSpec") throw new Error(`${result.kind} instead of InvalidSpec`);
  return Object.fromEntries(result.problems.map(({ path, message }) => [path, message]));
}
