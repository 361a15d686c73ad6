import assert from "node:assert/strict";
import { parseJsonSequence } from "./module-directories.ts";

describe("JSON objects one after the other", () => {
  const cases = [
    { text: "", objects: [] },
    { text: '{\n\t"a": 1\n}\n', objects: [{ a: 1 }] },
    { text: '{\n\t"a": {\n\t\t"b": "}{"\n\t}\n}\n{\n\t"a": 2\n}\n', objects: [{ a: { b: "}{" } }, { a: 2 }] },
  ];
  for (const { text, objects } of cases) {
    it(JSON.stringify(text), () => assert.deepEqual(parseJsonSequence(text), objects));
  }
});
