import assert from "node:assert/strict";
import { mainProgram } from "./main-options.ts";
import { optionalApis } from "./optional-crds.ts";

describe("the flags of make cluster", () => {
  const byDefault = { nodes: 2, gpus: 4, apis: [], operator: false, runPods: false, detach: false };
  const cases: readonly (readonly [argv: readonly string[], env: Record<string, string>, options: object])[] = [
    [[], {}, byDefault],
    [[], { KEEP: "1" }, { ...byDefault, detach: true }],
    [[], { KEEP: "0" }, byDefault],
    [["--detach", "--operator"], {}, { ...byDefault, detach: true, operator: true }],
    [["--nodes", "0", "--gpus=16", "--port=6443"], {}, { ...byDefault, nodes: 0, gpus: 16, port: 6443 }],
    [["--run-pods", "--gpus=2"], {}, { ...byDefault, runPods: true, gpus: 2 }],
    [["--apis", "vpa,gateway"], {}, { ...byDefault, apis: ["vpa", "gateway"] }],
    [["--apis", "all"], {}, { ...byDefault, apis: optionalApis }],
  ];
  for (const [argv, env, options] of cases) {
    it(`${JSON.stringify(env)} ${argv.join(" ")}`, () => {
      assert.deepEqual(mainProgram(env).parse(argv, { from: "user" }).opts(), options);
    });
  }
});
