/** Merges profile and spec into a complete service, and derives the values that follow from them. */
import {
  defaultProfileName,
  pathOf,
  validateStored,
  type CompleteSpec,
  type Finding,
  type GpuMediaProfile,
  type GpuMediaService,
} from "@gpumedia/api";
import { derive, normalise } from "./combinations.ts";
import { contradictions } from "./contradictions.ts";
import { layer, type Layer } from "./layers.ts";
import { profileLayers, resolveProfile, type ProfileLookup } from "./profiles.ts";
import type { Effective, EffectiveService, Ineffective, Origin, Problem } from "./service.ts";

/**
 * A volume has one source: merging the profile's claim with the service's image would make two. The name and the key of a Secret
 * belong together.
 */
const atomic: ReadonlySet<string> = new Set(["model.volume", "live.tokenSecretRef", "live.turnSecretRef"]);

/** Values from the operator's flags, for services that set none. */
export interface Defaults {
  readonly processorImage: string;
  readonly processorImageCpu: string;
}

/**
 * Returns the complete service with the origin of each value, or its problems. Validates objects first: one that was stored
 * under an older schema may not match its type.
 */
export function effectiveService(service: GpuMediaService, profiles: ProfileLookup, defaults: Defaults): Effective {
  const findings = validateStored.GpuMediaService(service);
  if (findings.length > 0) return invalid(findings.map(problem));
  const { profile = defaultProfileName, suspend = false, ...spec } = service.spec ?? {};
  const resolved = resolveProfile(profile, profiles);
  if (resolved.kind !== "Resolved") return resolved;
  for (const object of resolved.objects) {
    const wrong = validateStored.GpuMediaProfile(object);
    if (wrong.length > 0) return invalid(wrong.map(problem), object);
  }

  const stated = layer<Origin>(
    [...profileLayers(resolved), { values: spec, originOf: () => ({ kind: "spec" }) }],
    atomic,
  );
  const complete = stated.values as CompleteSpec;
  const derived = derive(complete, stated.origins);
  const { values, origins } = layer<Origin>([processorImage(complete, defaults), asIs(stated), asIs(derived)], atomic);

  const effective: EffectiveService = {
    ...(normalise(values as CompleteSpec) as CompleteSpec & { image: string }),
    ...identity(service),
    profile,
    suspend,
  };
  const problems = contradictions(effective, origins);
  return problems.length > 0 ? invalid(problems) : { kind: "Effective", service: effective, origins };
}

/** With GPUs the processor exits unless its image has CUDA; without GPUs, those gigabytes are not worth pulling. */
function processorImage({ gpu }: CompleteSpec, defaults: Defaults): Layer<Origin> {
  const [flag, image] =
    gpu.count > 0
      ? ["--processor-image", defaults.processorImage]
      : ["--processor-image-cpu", defaults.processorImageCpu];
  return { values: { image }, originOf: () => ({ kind: "flag", flag }) };
}

function asIs({ values, origins }: { values: object; origins: ReadonlyMap<string, Origin> }): Layer<Origin> {
  return { values, originOf: (path) => origins.get(path) ?? { kind: "spec" } };
}

function identity({
  apiVersion,
  kind,
  metadata,
}: GpuMediaService): Pick<EffectiveService, "name" | "namespace" | "owner"> {
  const { name, namespace = "default", uid = "" } = metadata;
  return { name, namespace, owner: { apiVersion, kind, name, uid } };
}

function problem({ keys, message }: Finding): Problem {
  const [first, ...rest] = keys;
  return { path: pathOf(first === "spec" ? rest : keys), message };
}

function invalid(problems: readonly Problem[], profile?: GpuMediaProfile): Ineffective {
  const message = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
  if (profile === undefined) return { kind: "InvalidSpec", problems, message };
  const { name } = profile.metadata;
  return { kind: "InvalidSpec", profile: name, problems, message: `GpuMediaProfile ${name}: ${message}` };
}
