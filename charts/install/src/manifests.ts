/** The plain manifests for `kubectl apply --server-side -f`. */
import { Document } from "yaml";
import { install, installNamespace } from "./install.ts";
import { defaultValues, type PartialValues } from "./values.ts";

const release = "gpumedia-operator";
const namespace = "gpumedia-system";

export function installYaml(version: string, values: PartialValues = defaultValues): string {
  const manifests = [installNamespace(namespace), ...install({ release, namespace, version }, values)];
  const documents = manifests.map((manifest) =>
    // kubectl reads YAML 1.1, in which a bare Off is false.
    new Document(manifest, { aliasDuplicateObjects: false, compat: "yaml-1.1" }).toString({ lineWidth: 120 }),
  );
  return `# gpumedia-operator ${version}\n${documents.join("---\n")}`;
}
