/** The CRDs' rules as files are checked by them. That the API server takes them the same way: e2e/specs/api.spec.ts. */
import assert from "node:assert/strict";
import { pathOf } from "../paths.ts";
import { jsonSchema, type JsonSchema } from "../schema/json-schema.ts";
import { gpuMediaProfile, gpuMediaService, kindNames } from "../schema/kinds.ts";
import { ruleCases } from "../schema/rules.cases.ts";
import { validateFile } from "./index.ts";

/** Of an object's own schema; what is in metadata is not part of the CRD. */
function messagesIn({ properties = {}, items, additionalProperties, ...schema }: JsonSchema): readonly string[] {
  const { metadata: _, ...members } = properties;
  const below = [...Object.values(members), items, additionalProperties].filter((child) => typeof child === "object");
  return [
    ...(schema["x-kubernetes-validations"] ?? []).map(({ message }) => message),
    ...below.flatMap((child) => messagesIn(child)),
  ];
}

const schemas = { GpuMediaService: jsonSchema(gpuMediaService), GpuMediaProfile: jsonSchema(gpuMediaProfile) };

for (const kind of kindNames) {
  describe(`the rules of ${kind}`, () => {
    it("have a case each", () => {
      assert.deepEqual(
        [...new Set(ruleCases[kind].map(({ message }) => message))].toSorted(),
        [...new Set(messagesIn(schemas[kind]))].toSorted(),
      );
    });

    for (const { message, at, breaks, keeps } of ruleCases[kind]) {
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
