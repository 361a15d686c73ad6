import { describeChild } from "./child.cases.ts";

describeChild("serviceAccount", [
  {
    title: "has no token in pods",
    expected: `
      apiVersion: v1
      kind: ServiceAccount
      automountServiceAccountToken: false
    `,
  },
  {
    title: "is not made where the spec names one",
    spec: { serviceAccountName: "existing" },
    expected: null,
  },
]);
