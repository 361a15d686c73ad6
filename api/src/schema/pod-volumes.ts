/**
 * Volumes that users add to the pods, as in core/v1: the kinds that the `restricted` Pod Security Standard allows. A
 * `hostPath` would give everyone who may write a service the files of the node.
 */
import { Type } from "typebox";
import {
  flag,
  labelName,
  list,
  map,
  object,
  objectName,
  oneOf,
  qualifiedNamePattern,
  quantity,
  settings,
  text,
  wholeNumber,
} from "./scalars.ts";

/** No part of a path is `.`, or begins with `..`. */
const part = "\\.?[^./:\\s][^/:\\s]*";
const relativePath = (description: string) => text(description, 1_024, `^${part}(/${part})*$`);
const mode = (description: string) => Type.Optional(wholeNumber(description, 0, 0o777));

const items = Type.Optional(
  list(
    "atomic",
    { description: "The keys to mount. Defaults to all." },
    object(
      { description: "A key." },
      {
        key: text("The key.", 253, "^\\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$"),
        path: relativePath("Path of the file, relative to the volume."),
        mode: mode("Permissions of the file, such as 0440."),
      },
    ),
  ),
);
const optional = (kind: string) => Type.Optional(flag(`Whether the ${kind} or its keys may be missing.`));
const defaultMode = mode("Permissions of the files, such as 0440. Defaults to 0644.");

const fields = Type.Optional(
  list(
    "atomic",
    { description: "Fields of the pod." },
    object(
      { description: "A file with a field of the pod." },
      {
        path: relativePath("Path of the file, relative to the volume."),
        fieldRef: object(
          { description: "The field." },
          {
            fieldPath: text(
              "Path of the field, such as metadata.labels.",
              253,
              `^metadata\\.(name|namespace|uid|labels|annotations|(labels|annotations)\\['${qualifiedNamePattern.slice(1, -1)}'\\])$`,
            ),
          },
        ),
        mode: mode("Permissions of the file, such as 0440."),
      },
    ),
  ),
);

const projected = object(
  { description: "Several sources in one directory." },
  {
    sources: list(
      "atomic",
      { description: "The sources.", minItems: 1, maxItems: 16 },
      settings(
        {
          description: "A source.",
          rules: [
            {
              rule: "[has(self.serviceAccountToken), has(self.configMap), has(self.secret), has(self.downwardAPI)].filter(x, x).size() == 1",
              message: "set exactly one of serviceAccountToken, configMap, secret and downwardAPI",
            },
          ],
        },
        {
          serviceAccountToken: object(
            { description: "A token of the pods' ServiceAccount." },
            {
              path: relativePath("Path of the file, relative to the volume."),
              audience: Type.Optional(text("For whom the token is. Defaults to the API server.", 1_024)),
              expirationSeconds: Type.Optional(
                wholeNumber("Lifetime of the token, in seconds. Defaults to 3600.", 600, 4_294_967_296),
              ),
            },
          ),
          configMap: object(
            { description: "A ConfigMap." },
            { name: objectName("Name of the ConfigMap."), items, optional: optional("ConfigMap") },
          ),
          secret: object(
            { description: "A Secret." },
            { name: objectName("Name of the Secret."), items, optional: optional("Secret") },
          ),
          downwardAPI: settings({ description: "Fields of the pod." }, { items: fields }),
        },
      ),
    ),
    defaultMode,
  },
);

export const csiSource = {
  driver: objectName("Name of the CSI driver."),
  fsType: Type.Optional(text("Type of the file system.", 63)),
  volumeAttributes: Type.Optional(
    map({ description: "Attributes that are passed to the driver." }, Type.String({ maxLength: 1_024 })),
  ),
  nodePublishSecretRef: Type.Optional(
    object({ description: "Secret that is passed to the driver." }, { name: objectName("Name of the Secret.") }),
  ),
};

export const imageSource = {
  reference: text("Reference of the image.", 1_024, "^\\S+$"),
  pullPolicy: Type.Optional(oneOf(["Always", "IfNotPresent", "Never"], "When to pull the image.")),
};

const sources = [
  "configMap",
  "secret",
  "emptyDir",
  "persistentVolumeClaim",
  "projected",
  "downwardAPI",
  "csi",
  "image",
] as const;

export const volumes = list(
  { keys: ["name"] },
  {
    description:
      "Volumes that are added to the pods, as in core/v1. volumeMounts and initContainers mount them by name. hostPath is not available.",
    maxItems: 16,
  },
  object(
    {
      description: "A volume.",
      rules: [
        {
          rule: "!(self.name in ['config', 'model', 'tmp'])",
          message: "the names config, model and tmp are taken by the operator's volumes",
          fieldPath: ".name",
        },
        {
          rule: `[${sources.map((source) => `has(self.${source})`).join(", ")}].filter(x, x).size() == 1`,
          message: `set exactly one of ${sources.slice(0, -1).join(", ")} and ${sources.at(-1) ?? ""}`,
        },
      ],
    },
    {
      name: labelName("Name of the volume."),
      configMap: Type.Optional(
        object(
          { description: "A ConfigMap in the service's namespace." },
          { name: objectName("Name of the ConfigMap."), items, defaultMode, optional: optional("ConfigMap") },
        ),
      ),
      secret: Type.Optional(
        object(
          { description: "A Secret in the service's namespace." },
          { secretName: objectName("Name of the Secret."), items, defaultMode, optional: optional("Secret") },
        ),
      ),
      emptyDir: Type.Optional(
        settings(
          { description: "An empty directory that is deleted with the pod." },
          {
            medium: oneOf(["Memory"], "Memory keeps the files in memory. Defaults to the node's disk."),
            sizeLimit: quantity("Maximum size."),
          },
        ),
      ),
      persistentVolumeClaim: Type.Optional(
        object(
          { description: "A PersistentVolumeClaim in the service's namespace. All replicas mount it." },
          {
            claimName: objectName("Name of the PersistentVolumeClaim."),
            readOnly: Type.Optional(flag("Whether all mounts are read-only.")),
          },
        ),
      ),
      projected: Type.Optional(projected),
      downwardAPI: Type.Optional(settings({ description: "Fields of the pod." }, { items: fields, defaultMode })),
      csi: Type.Optional(
        object(
          { description: "An ephemeral volume of a CSI driver." },
          { ...csiSource, readOnly: Type.Optional(flag("Whether the volume is read-only.")) },
        ),
      ),
      image: Type.Optional(object({ description: "An OCI image. Requires Kubernetes 1.35." }, imageSource)),
    },
  ),
);

export const mounts = (description: string) =>
  list(
    { keys: ["mountPath"] },
    { description, maxItems: 16 },
    object(
      { description: "A mount, as in core/v1." },
      {
        name: labelName("Name of the volume."),
        mountPath: text("Absolute path in the container.", 1_024, "^/[^:\\s]*$"),
        subPath: Type.Optional(relativePath("Path in the volume. Defaults to its root.")),
        readOnly: Type.Optional(flag("Whether the mount is read-only.")),
      },
    ),
  );
