import { describeChild } from "./child.cases.ts";

describeChild("serviceAccount", {
  "mounts no token in pods": {
    expected: `
      apiVersion: v1
      kind: ServiceAccount
      automountServiceAccountToken: false
    `,
  },
  "is not created where the spec names one": { spec: { serviceAccountName: "existing" }, expected: null },
});
