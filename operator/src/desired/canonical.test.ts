import assert from "node:assert/strict";
import { unlessEmpty, withoutEmpties } from "./canonical.ts";

describe("user input as the API server stores it", () => {
  const cases: { readonly [title: string]: { readonly written: object; readonly stored: object } } = {
    "without empty lists": { written: { a: [], b: [{ c: [] }] }, stored: { b: [{}] } },
    "without empty strings": { written: { value: "", key: "a" }, stored: { key: "a" } },
    "with a selector that selects everything": { written: { podSelector: {} }, stored: { podSelector: {} } },
    "with empty values of labels": { written: { matchLabels: { a: "" } }, stored: { matchLabels: { a: "" } } },
    "without empty maps of labels": {
      written: { namespaceSelector: { matchLabels: {} } },
      stored: { namespaceSelector: {} },
    },
    "with numbers and flags": { written: { n: 0, f: false }, stored: { n: 0, f: false } },
    "with empty strings in lists": { written: { values: [""] }, stored: { values: [""] } },
  };
  for (const [title, { written, stored }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(withoutEmpties(written), stored));
  }

  const members: { readonly value: object | string | undefined; readonly member: object }[] = [
    { value: undefined, member: {} },
    { value: "", member: {} },
    { value: [], member: {} },
    { value: {}, member: {} },
    { value: "a", member: { key: "a" } },
    { value: [""], member: { key: [""] } },
    { value: { a: "" }, member: { key: { a: "" } } },
  ];
  for (const { value, member } of members) {
    it(`has ${JSON.stringify(member)} for ${JSON.stringify(value)}`, () =>
      assert.deepEqual(unlessEmpty("key", value), member));
  }
});
