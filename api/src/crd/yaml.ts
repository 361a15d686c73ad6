/** CRDs as files. */
import { Document, visit } from "yaml";
import type { CustomResourceDefinition } from "./crds.ts";

const header = " Generated from api/src by `make generate`: do not edit.\n";

/** A file of `crds/`. */
export function crdYaml(crd: CustomResourceDefinition): string {
  // kubectl reads YAML 1.1, in which a bare Off is false.
  const document = new Document(crd, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    // What is short reads better in one line, and keeps the file short.
    Seq: (_key, node) => {
      node.flow = node.items.every((item) => typeof (item as { value?: unknown }).value === "string");
    },
  });
  document.commentBefore = header.trimEnd();
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}
