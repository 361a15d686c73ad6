import assert from "node:assert/strict";
import type { Manifest } from "../kube/object.ts";
import { fieldsOf, fit, type Schema } from "./known-fields.ts";

const schema: Schema = {
  properties: {
    apiVersion: {},
    kind: {},
    metadata: {},
    spec: {
      properties: {
        count: {},
        labels: { additionalProperties: {} },
        open: { "x-kubernetes-preserve-unknown-fields": true, properties: {} },
        rules: { items: { properties: { name: {}, matches: { items: { properties: { path: {} } } } } } },
        fallback: { properties: { replicas: {} } },
      },
    },
  },
};

const manifest = (spec: object): Manifest =>
  ({ apiVersion: "a/v1", kind: "A", metadata: { name: "a" }, spec }) as Manifest;

describe("the fields that a CRD has", () => {
  const cases: {
    readonly [title: string]: {
      readonly spec: object;
      readonly kept?: object;
      readonly omitted?: readonly string[];
    };
  } = {
    "are kept": { spec: { count: 1, rules: [{ name: "a", matches: [{ path: "/" }] }] } },
    "are any where the schema is open": { spec: { labels: { a: "b" }, open: { any: { thing: 1 } } } },
    "do not include one that came later": { spec: { count: 1, later: 2 }, kept: { count: 1 }, omitted: ["spec.later"] },
    "do not include one in the items of a list": {
      spec: {
        rules: [
          { name: "a", timeouts: { request: "1s" } },
          { name: "b", timeouts: {}, matches: [{ method: "GET" }] },
        ],
      },
      kept: { rules: [{ name: "a" }, { name: "b", matches: [{}] }] },
      omitted: ["spec.rules[].timeouts", "spec.rules[].matches[].method"],
    },
    "do not include what would do harm in part": {
      spec: { count: 1, fallback: { replicas: 1, behavior: "x" } },
      kept: { count: 1 },
      omitted: ["spec.fallback"],
    },
  };
  for (const [title, { spec, kept = spec, omitted = [] }] of Object.entries(cases)) {
    it(title, () => {
      const fitted = fit(manifest(spec), fieldsOf(schema), ["spec.fallback"]);
      assert.deepEqual(fitted, { manifest: manifest(kept), omitted });
    });
  }

  it("are all while they are not known", () => {
    const whole = manifest({ later: 1 });
    assert.equal(fit(whole, undefined).manifest, whole);
  });
});
