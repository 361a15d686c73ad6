import assert from "node:assert/strict";
import { parse } from "yaml";
import type { JsonSchema } from "../schema/json-schema.ts";
import { customResourceDefinitions } from "./crds.ts";
import { structural } from "./structural.ts";
import { crdYaml } from "./yaml.ts";

describe("a structural schema", () => {
  it("says defaults in words, closes nothing, and gives no type to what is an integer or a string", () => {
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
      path === "" ? "" : `Default of ${path}${isMap ? ", a map" : ""}.`;
    assert.deepEqual(structural(schema, defaultOf), {
      type: "object",
      description: "The whole.",
      required: ["size"],
      properties: {
        size: { "x-kubernetes-int-or-string": true, description: "A size. Default of size.", minimum: 0 },
        limits: {
          type: "object",
          description: "By name. Default of limits, a map.",
          additionalProperties: { type: "string" },
        },
        tags: { type: "array", description: "Default of tags.", items: { type: "string", enum: ["a", "b"] } },
      },
    });
  });
});

for (const crd of customResourceDefinitions) {
  describe(`the file of ${crd.metadata.name}`, () => {
    const text = crdYaml(crd);

    it("says in line 1 that it is generated", () => assert.match(text, /^# Generated /));

    it("is read as it was meant, also by YAML 1.1, in which a bare Off is false", () => {
      assert.deepEqual(parse(text, { version: "1.1" }), JSON.parse(JSON.stringify(crd)));
    });

    it("freezes no default into stored specs, and has nothing that is not structural", () => {
      // A new object's status says that nobody has looked yet: kstatus takes one without a status for done.
      const rest = text.replace(/^ *default:\n *observedGeneration: -1\n/m, "");
      assert.equal(rest === text, crd.spec.versions[0]?.subresources === undefined);
      assert.doesNotMatch(rest, /^ *(default|oneOf|anyOf|allOf|not|\$ref|additionalProperties: (true|false)):?/m);
    });

    it("fits the annotation in which kubectl apply keeps it", () => {
      assert.ok(JSON.stringify(crd).length < 200 * 1024);
    });
  });
}
