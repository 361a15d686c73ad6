/** Environment variables of core/v1, without their `fileKeyRef`, which needs a feature gate. */
import { Type } from "typebox";
import { flag, list, object, objectName, oneOf, settings, text } from "./scalars.ts";

const keyOf = (kind: string) =>
  object(
    { description: `A key of a ${kind} in the service's namespace.` },
    {
      name: objectName(`The ${kind}.`),
      key: text("The key.", 253, "^[-._a-zA-Z0-9]+$"),
      optional: Type.Optional(flag("Start without the variable when it is absent.")),
    },
  );

/** What the kubelet knows of a pod; others are refused when the pod is made. */
const fieldPathPattern =
  "^(metadata\\.(name|namespace|uid|(labels|annotations)\\['[^']+'\\])|spec\\.(nodeName|serviceAccountName)|status\\.(hostIPs?|podIPs?))$";

const valueFrom = settings(
  {
    description: "Where the value comes from, in place of value.",
    rules: [
      {
        rule: "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].filter(x, x).size() == 1",
        message: "name exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
      },
    ],
  },
  {
    secretKeyRef: keyOf("Secret"),
    configMapKeyRef: keyOf("ConfigMap"),
    fieldRef: object(
      { description: "A field of the pod." },
      {
        fieldPath: text("The field, such as status.podIP or metadata.labels['team'].", 253, fieldPathPattern),
        apiVersion: Type.Optional(oneOf(["v1"], "The version that fieldPath is written in.")),
      },
    ),
    resourceFieldRef: object(
      {
        description: "A request or limit of the container.",
        rules: [
          {
            rule: "!has(self.divisor) || (self.resource.endsWith('.cpu') ? self.divisor in ['1', '1m'] : self.divisor != '1m')",
            message: "CPU is expressed in 1 or 1m, and only CPU in 1m",
            fieldPath: ".divisor",
          },
        ],
      },
      {
        resource: oneOf(
          [
            "limits.cpu",
            "limits.memory",
            "limits.ephemeral-storage",
            "requests.cpu",
            "requests.memory",
            "requests.ephemeral-storage",
          ],
          "The request or limit.",
        ),
        divisor: Type.Optional(
          oneOf(
            ["1", "1m", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
            "The unit to express it in. Absent: 1.",
          ),
        ),
      },
    ),
  },
);

export const environment = list(
  { keys: ["name"] },
  { description: "Environment variables of the processor; they win over those that the operator sets.", maxItems: 100 },
  object(
    {
      description: "A variable.",
      rules: [{ rule: "!(has(self.value) && has(self.valueFrom))", message: "give value or valueFrom, not both" }],
    },
    {
      name: Type.String({ description: "Its name.", minLength: 1, maxLength: 253, pattern: "^[^=\\s]+$" }),
      value: Type.Optional(text("Its value; $(OTHER) stands for another variable.", 32_768)),
      valueFrom: Type.Optional(valueFrom),
    },
  ),
);
