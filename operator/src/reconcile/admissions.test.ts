import assert from "node:assert/strict";
import type { DesiredChild } from "../desired/children.ts";
import { manifestDigest } from "../kube/ownership.ts";
import type { Manifest } from "../kube/object.ts";
import { childKind } from "../observe/child-kinds.ts";
import { admissionsOf, admissionStatus, nextAdmissions, type Admission } from "./admissions.ts";
import type { ChildOutcome } from "./execute.ts";

const manifest: Manifest = { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "media" } };
const child: DesiredChild = { role: "service", kind: childKind("service"), name: "a", manifest };
const entry: Admission = {
  child: "Service a",
  fields: ["spec.type was changed to NodePort"],
  sent: manifestDigest(manifest),
  stored: "t",
};
const known = new Map([[entry.child, entry]]);
const changed: Manifest = { ...manifest, metadata: { ...manifest.metadata, labels: { a: "b" } } };

describe("what is remembered of admission", () => {
  const waiting = { kind: "Conflict" } as const;
  const cases: { readonly [title: string]: readonly [outcome: Partial<ChildOutcome>, stays: boolean] } = {
    "stays while the child is in sync with it": [{ did: "none" }, true],
    "stays while the child cannot be written": [{ did: "apply", failure: waiting }, true],
    "ends when the child is stored as it was sent": [{ did: "apply" }, false],
    "ends when the child is created again": [{ did: "create" }, false],
    "ends when the child is deleted": [{ did: "delete" }, false],
    "ends when the child is not wanted": [{ did: "none", child: { ...child, manifest: null } }, false],
    "ends when the child should be different": [{ did: "none", child: { ...child, manifest: changed } }, false],
  };
  for (const [title, [outcome, stays]] of Object.entries(cases)) {
    it(title, () => {
      const next = nextAdmissions(known, [{ child, did: "none", ...outcome }]);
      assert.deepEqual([...next.keys()], stays ? ["Service a"] : []);
    });
  }

  it("begins with an apply that comes back changed, and survives a restart in the status", () => {
    const next = nextAdmissions(new Map(), [{ child, did: "apply", admission: entry }]);
    const admission = admissionStatus(next);
    assert.deepEqual(admission, [entry]);
    assert.deepEqual(admissionsOf({ admission: [{ ...entry, fields: [...entry.fields] }] }), next);
    assert.equal(admissionStatus(new Map()), undefined);
  });

  it("fits the status", () => {
    const fields = Array.from({ length: 20 }, (_, index) => `spec.${index}`.padEnd(600, "x"));
    const [shown] = admissionStatus(new Map([["Service a", { ...entry, fields }]])) ?? [];
    assert.deepEqual(
      [shown?.fields?.length, shown?.fields?.[0]?.length, shown?.fields?.at(-1)],
      [16, 512, "and 5 more"],
    );
  });
});
