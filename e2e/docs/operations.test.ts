/** docs/operations.md lists every permission of the shipped RBAC, and no other. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import * as rbac from "@gpumedia/install/src/rbac.ts";
import { laterFields } from "@gpumedia/operator/src/desired/later-fields.ts";
import { readPage } from "./pages.ts";

const shipped = [
  rbac.clusterReads,
  rbac.profileRules,
  rbac.serviceRules,
  rbac.ownNamespaceRules,
  rbac.sharedRules,
  rbac.metricsApiRules,
  rbac.metricsApiNamespaceRules,
].flat();

describe("docs/operations.md", () => {
  it("lists every permission of the operator, and no other", () => {
    const granted = shipped.flatMap(({ resources, verbs }) => pairs(resources, verbs));
    const [, chapter = ""] = readPage("docs/operations.md").split("## Permissions of the operator");
    const rows = [...(chapter.split("\n## ")[0] ?? "").matchAll(/^\| (`[^|]*) \| ([^|]*) \|/gm)];
    const listed = rows.flatMap(([, resources = "", verbs = ""]) =>
      pairs(
        [...resources.matchAll(/`([^`]+)`/g)].map(([, resource = ""]) => resource),
        verbs.trim().split(", "),
      ),
    );
    assert.ok(rows.length > 10, "the table was not found");
    assert.deepEqual([...new Set(listed)].toSorted(), [...new Set(granted)].toSorted());
  });
});

describe("the versions of optional APIs in docs/operations.md", () => {
  const [, chapter = ""] = readPage("docs/operations.md").split("## Versions of optional APIs");
  const table = chapter.split("\n## ")[0] ?? "";

  it("include what each later field requires", () => {
    for (const { since } of Object.values(laterFields).flat()) assert.ok(table.includes(`(${since})`), since);
  });

  it("are those of the CRDs that tests install", async () => {
    for (const family of ["crds", "older-crds"]) {
      const goMod = await readFile(new URL(`../cluster/tools/${family}/go.mod`, import.meta.url), "utf8");
      for (const [, version = ""] of goMod.matchAll(/ v([\d.]+)$/gm)) assert.ok(table.includes(version), version);
    }
  });
});

function pairs(resources: readonly string[], verbs: readonly string[]): readonly string[] {
  return resources.flatMap((resource) => verbs.map((verb) => `${resource} ${verb}`));
}
