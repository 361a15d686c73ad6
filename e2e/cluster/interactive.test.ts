import assert from "node:assert/strict";
import { instructions, type ClusterReport } from "./interactive.ts";

const report: ClusterReport = {
  server: "https://127.0.0.1:6443",
  kubeconfig: "/c/admin.kubeconfig",
  directory: "/c",
  bin: "/c/bin",
  nodes: 2,
  gpus: 4,
  apis: [],
  operator: false,
  runPods: false,
  bootSeconds: 3.4,
};

describe("how to use a cluster", () => {
  it("is told with commands that can be copied", () => {
    assert.equal(
      instructions(report, "Ctrl-C"),
      `The control plane is up after 3.4 s: https://127.0.0.1:6443
It has 2 fake nodes with 4 GPUs each, on which pods become Ready without running, and the CRDs of crds/.

  export KUBECONFIG=/c/admin.kubeconfig
  export PATH=/c/bin:$PATH    # for its kubectl
  npx gpumedia-operator       # starts the operator

Logs of all processes: /c/*.log
End it: Ctrl-C
`,
    );
  });

  it("mentions what else it has", () => {
    assert.equal(
      instructions({ ...report, operator: true, apis: ["vpa", "gateway"] }, "kill 1"),
      `The control plane is up after 3.4 s: https://127.0.0.1:6443
It has 2 fake nodes with 4 GPUs each, on which pods become Ready without running, and the CRDs of crds/.
It also serves: vpa, gateway.
The operator runs; its log is /c/operator.log.

  export KUBECONFIG=/c/admin.kubeconfig
  export PATH=/c/bin:$PATH    # for its kubectl

Logs of all processes: /c/*.log
End it: kill 1
`,
    );
  });
});
