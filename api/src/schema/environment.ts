/** Environment variables of core/v1, without `fileKeyRef`, which needs a feature gate. */
import { Type } from "typebox";
import { flag, list, object, objectName, oneOf, settings, text } from "./scalars.ts";

const keyOf = (kind: string) =>
  object(
    { description: `A key of a ${kind} in the service's namespace.` },
    {
      name: objectName(`Name of the ${kind}.`),
      key: text("The key to read.", 253, "^[-._a-zA-Z0-9]+$"),
      optional: Type.Optional(flag("Whether the pod may start when the key is missing.")),
    },
  );

/** The fields that the kubelet resolves; others are rejected when the pod is created. */
const fieldPathPattern =
  "^(metadata\\.(name|namespace|uid|(labels|annotations)\\['[^']+'\\])|spec\\.(nodeName|serviceAccountName)|status\\.(hostIPs?|podIPs?))$";

const valueFrom = settings(
  {
    description: "Source of the value. Must not be set together with value.",
    rules: [
      {
        rule: "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].filter(x, x).size() == 1",
        message: "set exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
      },
    ],
  },
  {
    secretKeyRef: keyOf("Secret"),
    configMapKeyRef: keyOf("ConfigMap"),
    fieldRef: object(
      { description: "A field of the pod." },
      {
        fieldPath: text("Path of the field, such as status.podIP or metadata.labels['team'].", 253, fieldPathPattern),
        apiVersion: Type.Optional(oneOf(["v1"], "API version of fieldPath.")),
      },
    ),
    resourceFieldRef: object(
      {
        description: "A request or limit of the container.",
        rules: [
          {
            rule: "!has(self.divisor) || (self.resource.endsWith('.cpu') ? self.divisor in ['1', '1m'] : self.divisor != '1m')",
            message: "the divisor of a CPU resource must be 1 or 1m; 1m is allowed for CPU only",
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
            "Unit of the value. Defaults to 1.",
          ),
        ),
      },
    ),
  },
);

export const variables = (description: string) =>
  list(
    { keys: ["name"] },
    { description, maxItems: 100 },
    object(
      {
        description: "An environment variable.",
        rules: [{ rule: "!(has(self.value) && has(self.valueFrom))", message: "set value or valueFrom, not both" }],
      },
      {
        name: Type.String({
          description: "Name of the variable.",
          minLength: 1,
          maxLength: 253,
          pattern: "^[^=\\s]+$",
        }),
        value: Type.Optional(text("Value of the variable. $(OTHER) refers to another variable.", 32_768)),
        valueFrom: Type.Optional(valueFrom),
      },
    ),
  );

export const environment = variables(
  "Environment variables of the processor. They override those that the operator sets.",
);
