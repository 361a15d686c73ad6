/** Renders CRDs as YAML. */
import { Document, visit } from "yaml";
import type { CustomResourceDefinition } from "./crds.ts";

const header = " Generated from api/src by `make generate`: do not edit.\n";

/** Returns the content of a file in `crds/`. */
export function crdYaml(crd: CustomResourceDefinition): string {
  // kubectl reads YAML 1.1, in which a bare Off is false.
  const document = new Document(crd, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    // Keeps lists of strings on one line.
    Seq: (_key, node) => {
      node.flow = node.items.every((item) => typeof (item as { value?: unknown }).value === "string");
    },
  });
  document.commentBefore = header.trimEnd();
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}
