/** The CEL rules of the CRDs, applied to files. e2e/specs/api.spec.ts shows that the API server decides the same way. */
import assert from "node:assert/strict";
import { customResourceDefinitions } from "../crd/crds.ts";
import type { StructuralSchema } from "../crd/structural.ts";
import { pathOf } from "../schema/paths.ts";
import { ruleCases } from "../schema/rules.cases.ts";
import { rulesOnOneObject } from "./cel.ts";
import { validateFile } from "./index.ts";

function messagesIn({ properties = {}, items, additionalProperties, ...schema }: StructuralSchema): readonly string[] {
  const below = [...Object.values(properties), items, additionalProperties].filter((child) => child !== undefined);
  return [...rulesOnOneObject(schema).map(({ message }) => message), ...below.flatMap(messagesIn)];
}

for (const { spec } of customResourceDefinitions) {
  const { kind } = spec.names;
  const cases = ruleCases[kind] ?? [];
  describe(`the rules of ${kind}`, () => {
    it("have a case each", () => {
      assert.deepEqual(
        [...new Set(cases.map(({ message }) => message))].toSorted(),
        [...new Set(spec.versions.flatMap(({ schema }) => messagesIn(schema.openAPIV3Schema)))].toSorted(),
      );
    });

    for (const { message, at, breaks, keeps } of cases) {
      it(`${at}: ${message}`, () => {
        const findings = validateFile[kind](breaks);
        assert.deepEqual(
          findings.map((finding) => [pathOf(finding.keys), finding.message]),
          [[at, message]],
        );
        assert.deepEqual(validateFile[kind](keeps), []);
      });
    }
  });
}
