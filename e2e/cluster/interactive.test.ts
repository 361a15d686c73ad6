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
  it("is printed with commands that can be copied", () => {
    assert.equal(
      instructions(report, "Ctrl-C"),
      `The control plane is ready after 3.4 s: https://127.0.0.1:6443
It has 2 fake nodes with 4 GPUs each, whose pods become Ready without running, and the CRDs in crds/.

  export KUBECONFIG=/c/admin.kubeconfig
  export PATH=/c/bin:$PATH    # kubectl, and its plugin: kubectl gpumedia
  npx gpumedia-operator       # runs the operator here; or install it in the cluster (Helm 3.17 or newer):
  helm install gpumedia-operator charts/gpumedia-operator -n gpumedia-system --create-namespace --take-ownership

Logs of all processes: /c/*.log
To stop it: Ctrl-C
`,
    );
  });

  it("includes optional APIs and the operator", () => {
    assert.equal(
      instructions({ ...report, operator: true, apis: ["vpa", "gateway"] }, "kill 1"),
      `The control plane is ready after 3.4 s: https://127.0.0.1:6443
It has 2 fake nodes with 4 GPUs each, whose pods become Ready without running, and the CRDs in crds/.
It also serves: vpa, gateway.
The operator is running; its log is /c/operator.log.

  export KUBECONFIG=/c/admin.kubeconfig
  export PATH=/c/bin:$PATH    # kubectl, and its plugin: kubectl gpumedia

Logs of all processes: /c/*.log
To stop it: kill 1
`,
    );
  });
});
