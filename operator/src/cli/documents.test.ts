import assert from "node:assert/strict";
import type { Keys } from "@gpumedia/api";
import { yamlDocuments } from "./documents.ts";

describe("a position in YAML", () => {
  const text = [
    "# first line",
    "spec:",
    "  replicas: 3",
    "  processing:",
    "    env:",
    "      - name: A",
    "      - {name: B, value: b}",
    "---",
    "spec: {slo: {memory: 4Gi}}",
  ].join("\n");
  const cases: {
    title: string;
    document?: number;
    keys: Keys;
    onKey?: boolean;
    at: string;
  }[] = [
    { title: "a scalar is at its value", keys: ["spec", "replicas"], at: "3:13" },
    { title: "a key of a scalar", keys: ["spec", "replicas"], onKey: true, at: "3:3" },
    { title: "a mapping is at its key", keys: ["spec", "processing"], at: "4:3" },
    { title: "a list is at its key", keys: ["spec", "processing", "env"], at: "5:5" },
    { title: "an item of a list", keys: ["spec", "processing", "env", 1], at: "7:9" },
    { title: "a value in flow style", keys: ["spec", "processing", "env", 1, "value"], at: "7:26" },
    { title: "an absent value is at its parent", keys: ["spec", "drain", "timeout"], at: "2:1" },
    { title: "the whole document", keys: [], at: "2:1" },
    { title: "a second document continues the line numbers", document: 1, keys: ["spec", "slo", "memory"], at: "9:22" },
  ];
  for (const { title, document = 0, keys, onKey, at } of cases) {
    it(title, () => {
      const { line, column } = yamlDocuments({ name: "x.yaml", text })[document]?.positionOf(keys, onKey) ?? {};
      assert.equal(`${line}:${column}`, at);
    });
  }
});

describe("YAML", () => {
  const values: readonly (readonly [text: string, value: unknown])[] = [
    ["Off", false],
    ["yes", true],
    ["y", true],
    ["'Off'", "Off"],
    ["1e3", 1000],
    ["0.1", 0.1],
    ["10:30", "10:30"],
    ["2026-01-02", "2026-01-02"],
    ["0x10", 16],
    ["~", null],
  ];
  for (const [text, value] of values) {
    it(`reads ${text} as kubectl does`, () => {
      assert.deepEqual(yamlDocuments({ name: "x", text: `a: ${text}` })[0]?.value, { a: value });
    });
  }

  it("resolves anchors, aliases and merge keys", () => {
    const text = "a: &a {x: 1}\nb: *a\nc: {<<: *a, z: 2}";
    assert.deepEqual(yamlDocuments({ name: "x", text })[0]?.value, { a: { x: 1 }, b: { x: 1 }, c: { x: 1, z: 2 } });
  });

  it("ignores empty documents and comments", () => {
    assert.deepEqual(yamlDocuments({ name: "x", text: "# nothing\n---\n---\n# empty\n" }), []);
    assert.deepEqual(yamlDocuments({ name: "x", text: "" }), []);
  });

  const broken: readonly (readonly [text: string, at: string, message: RegExp])[] = [
    ["a: 1\na: 2\n", "2:1", /unique/],
    ["a: [1\n", "2:1", /flow/i],
    ["a: b: c\n", "1:4", /mapping/],
    ["a: *missing\n", "1:1", /alias/i],
  ];
  for (const [text, at, message] of broken) {
    it(`reports ${JSON.stringify(text)} as an error at ${at}`, () => {
      const [document] = yamlDocuments({ name: "x", text });
      const [error] = document?.errors ?? [];
      assert.equal(`${error?.position.line}:${error?.position.column}`, at);
      assert.match(error?.message ?? "", message);
    });
  }
});
