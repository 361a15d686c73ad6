import assert from "node:assert/strict";
import { parse } from "yaml";
import type { JsonSchema } from "../schema/json-schema.ts";
import { customResourceDefinitions } from "./crds.ts";
import { structural } from "./structural.ts";
import { crdYaml } from "./yaml.ts";

describe("a structural schema", () => {
  it("describes defaults in text, allows unknown fields, and omits the type of an int-or-string", () => {
    const schema: JsonSchema = {
      type: "object",
      additionalProperties: false,
      description: "The whole.",
      required: ["size"],
      properties: {
        size: { type: ["integer", "string"], "x-kubernetes-int-or-string": true, description: "A size.", minimum: 0 },
        limits: { type: "object", description: "By name.", additionalProperties: { type: "string" } },
        tags: { type: "array", items: { type: "string", enum: ["a", "b"] } },
      },
    };
    const defaultOf = (path: string, isMap: boolean) =>
      path === "" ? "" : `Defaults to ${path}${isMap ? ", a map" : ""}.`;
    assert.deepEqual(structural(schema, defaultOf), {
      type: "object",
      description: "The whole.",
      required: ["size"],
      properties: {
        size: { "x-kubernetes-int-or-string": true, description: "A size. Defaults to size.", minimum: 0 },
        limits: {
          type: "object",
          description: "By name. Defaults to limits, a map.",
          additionalProperties: { type: "string" },
        },
        tags: { type: "array", description: "Defaults to tags.", items: { type: "string", enum: ["a", "b"] } },
      },
    });
  });
});

for (const crd of customResourceDefinitions) {
  describe(`the file of ${crd.metadata.name}`, () => {
    const text = crdYaml(crd);

    it("states in line 1 that it is generated", () => assert.match(text, /^# Generated /));

    it("has the same meaning in YAML 1.1, in which a bare Off is false", () => {
      assert.deepEqual(parse(text, { version: "1.1" }), JSON.parse(JSON.stringify(crd)));
    });

    it("stores no defaults in specs, and is structural", () => {
      // The only default marks a new object as not reconciled, as kstatus treats one without a status as ready. A profile has
      // none: an operator of single namespaces never writes its status, and Flux would wait for ever.
      const rest = text.replace(/^ *default:\n *observedGeneration: -1\n/m, "");
      assert.equal(rest === text, crd.spec.names.kind === "GpuMediaProfile");
      assert.doesNotMatch(rest, /^ *(default|oneOf|anyOf|allOf|not|\$ref|additionalProperties: (true|false))(:|$)/m);
    });

    it("fits into the last-applied-configuration annotation of kubectl apply", () => {
      assert.ok(JSON.stringify(crd).length < 200 * 1024);
    });
  });
}
