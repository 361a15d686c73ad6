import assert from "node:assert/strict";
import { orderViolation, packages } from "./package-order.ts";

const table = "scripts/lint/package-order.ts";

describe("the order of packages", () => {
  interface Case {
    readonly file: string;
    readonly specifier: string;
    readonly violation?: string;
  }
  const cases: Readonly<Record<string, Case>> = {
    "an import goes down": { file: "operator/src/status/ready.ts", specifier: "../kube/object.ts" },
    "a package imports its own files": { file: "operator/src/cli/top/table.ts", specifier: "../objects.ts" },
    "the program imports every package": { file: "operator/src/main.ts", specifier: "./kube/client.ts" },
    "a library is no package": { file: "operator/src/kube/transport.ts", specifier: "undici" },
    "a workspace imports one below it": { file: "operator/src/kube/object.ts", specifier: "@gpumedia/api" },
    "a workspace is known by its folder too": { file: "bench/a.ts", specifier: "../workload/src/app.ts" },
    "data is in no package": { file: "workload/src/routes/route.ts", specifier: "../../package.json" },
    "scripts are outside the order": { file: "scripts/test.ts", specifier: "../e2e/cluster/control-plane.ts" },
    "a test may use a sample of a higher package": {
      file: "operator/src/observe/triggers.test.ts",
      specifier: "../desired/service.sample.ts",
    },
    "an import up is refused": {
      file: "operator/src/kube/client.ts",
      specifier: "../runtime/clock.ts",
      violation: `kube must not import runtime: imports go down the order in ${table}`,
    },
    "an import sideways is refused": {
      file: "operator/src/cli/program.ts",
      specifier: "../reconcile/service.ts",
      violation: `cli must not import reconcile: imports go down the order in ${table}`,
    },
    "a workspace does not import one above it, not even in a test": {
      file: "workload/src/gpu/sampler.test.ts",
      specifier: "../../../e2e/gpu-mock/state.ts",
      violation: `workload must not import e2e: imports go down the order in ${table}`,
    },
    "workspaces are known by the names of their packages": {
      file: "workload/loadtest/src/run.ts",
      specifier: "@gpumedia/processor/src/app.ts",
      violation: `workload/loadtest must not import workload: imports go down the order in ${table}`,
    },
    "a new package needs a place": {
      file: "operator/src/new/file.ts",
      specifier: "../kube/client.ts",
      violation: `new has no place in the order of packages: add it to ${table}`,
    },
  };
  for (const [name, { file, specifier, violation }] of Object.entries(cases)) {
    it(name, () => {
      assert.equal(orderViolation(file, specifier), violation);
    });
  }

  it("lists each package once", () => {
    for (const order of Object.values(packages)) assert.equal(new Set(order.flat()).size, order.flat().length);
  });
});
