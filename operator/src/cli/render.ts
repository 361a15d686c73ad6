/** A service's children as YAML, as the operator would apply them. */
import { stringify } from "yaml";
import type { ChildContext } from "../desired/context.ts";
import { desiredChildren } from "../desired/children.ts";
import { childKinds } from "../observe/child-kinds.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";

/** Kinds that a cluster may lack, as `--not-served` names them. */
export const optionalKinds: readonly string[] = Object.values(childKinds)
  .filter(({ optional }) => optional)
  .map(({ type }) => type.kind)
  .toSorted();

export function renderedChildren(
  service: EffectiveService,
  context: ChildContext,
  notServed: ReadonlySet<string>,
): readonly Manifest[] {
  return desiredChildren(service, context)
    .filter(({ kind }) => !notServed.has(kind.type.kind))
    .flatMap(({ manifest }) => (manifest === null ? [] : [unowned(service, manifest)]));
}

/** A service in a file has no UID yet, and an owner without one is refused. */
function unowned(service: EffectiveService, manifest: Manifest): Manifest {
  if (service.owner.uid !== "") return manifest;
  const { ownerReferences: _, ...metadata } = manifest.metadata;
  return { ...manifest, metadata };
}

export function manifestsYaml(manifests: readonly Manifest[]): string {
  const texts = manifests.map((manifest) =>
    stringify(manifest, { aliasDuplicateObjects: false, compat: "yaml-1.1", lineWidth: 0 }),
  );
  return texts.join("---\n");
}
