import assert from "node:assert/strict";
import { commandsOf, missingLine } from "./shell-blocks.ts";

describe("commandsOf", () => {
  it("reads scripts line by line, without comments, and joins continued lines", () => {
    const page = "# Title\n\n## First steps\n\n```sh\nmake demo   # shows it\n# a note\nhelm install a \\\n  b\n```\n";
    assert.deepEqual(commandsOf(page), [
      { text: "make demo", section: "first-steps", line: 6, output: "" },
      { text: "helm install a b", section: "first-steps", line: 8, output: "" },
    ]);
  });

  it("reads transcripts with the output of each command", () => {
    const page = "# Title\n\n```console\n$ kubectl get gms\nNAME  READY\nup    True\n$ true\n```\n";
    assert.deepEqual(commandsOf(page), [
      { text: "kubectl get gms", section: "title", line: 4, output: "NAME  READY\nup    True" },
      { text: "true", section: "title", line: 7, output: "" },
    ]);
  });

  it("ignores other blocks, and headings inside blocks", () => {
    const page = "# Title\n\n```yaml\n# Not a heading\na: 1\n```\n\n```sh\ntrue\n```\n";
    assert.deepEqual(
      commandsOf(page).map(({ text, section }) => [text, section]),
      [["true", "title"]],
    );
  });
});

describe("missingLine", () => {
  const printed =
    "NAME   READY   AGE\nup-5d9c7b6f4-x2kfp   True    12s\nReason: no node has 1 free GPU: 4 of 4 in use\n";
  const cases: readonly (readonly [title: string, shown: string, missing: string | undefined])[] = [
    ["other numbers, ages, names and columns", "NAME READY AGE\nup-7f4b8c9d55-abcde True 3m5s", undefined],
    ["omitted lines", "…\nReason: no node has 2 free GPU: 8 of 8 in use", undefined],
    ["a different value", "NAME READY AGE\nup-7f4b8c9d55-abcde False 3m", "up-7f4b8c9d55-abcde False 3m"],
    ["another order", "Reason: no node has 1 free GPU: 4 of 4 in use\nNAME READY AGE", "NAME READY AGE"],
  ];
  for (const [title, shown, missing] of cases) it(title, () => assert.equal(missingLine(shown, printed), missing));
});
