/** `spec: {}` follows the guide: every child as the API server stores it, and the guide's numbers one by one. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { parseAllDocuments, stringify } from "yaml";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { writtenPart } from "./written.ts";

/** The VPA's, of `Auto`: see docs/operations.md. */
const updateMode = isSince("1.33") ? "InPlaceOrRecreate" : "Recreate";

const expectedFile = fileURLToPath(new URL("guide.children.yaml", import.meta.url));

describe("spec: {}", () => {
  const parameters = ["--processor-image=example.com/processor:1"];
  const work = operatorWorkspace("suite", { parameters });
  let children: readonly KubeObject[];

  before(async () => {
    await work.apply("upscaler", {});
    // Without hashBy, uploads would not be hashed: docs/adr/0013-uploads-are-not-hashed-by-their-uri.md.
    const ingress = { enabled: true, host: "media.example.com", hashBy: "$request_uri" };
    await work.apply("with-ingress", { network: { ingress } });
    await work.untilReady("upscaler");
    await work.untilReady("with-ingress");
    children = await work.children("upscaler");
  });

  /** WRITE_EXPECTED=1 rewrites the file; review its diff. */
  it("creates exactly these children, with the API server's defaults", async () => {
    // The targets name the shared rules by the operator's namespace, which differs between runs.
    const text = JSON.stringify(children.map(lasting)).replaceAll(work.operatorNamespace, "gpumedia-system");
    // Up to Kubernetes 1.33, a pod template has one, which is null.
    const stored = JSON.parse(text, (key, value: unknown) =>
      key === "creationTimestamp" && value === null ? undefined : value,
    ) as readonly object[];
    if (process.env.WRITE_EXPECTED !== undefined) {
      const yaml = stored.map((child) => stringify(child, { lineWidth: 0 })).join("---\n");
      await writeFile(expectedFile, `# Written by WRITE_EXPECTED=1: see guide.spec.ts\n${yaml}`);
    }
    const file = await readFile(expectedFile, "utf8");
    const expected = parseAllDocuments(file.replace("updateMode: InPlaceOrRecreate", `updateMode: ${updateMode}`)).map(
      (document) => document.toJS() as unknown,
    );
    assert.deepEqual(stored, expected);
  });

  it("labels and owns every child", async () => {
    const { metadata } = (await work.service("upscaler")) ?? assert.fail("the service does not exist");
    const owner = {
      apiVersion: "gpumedia.io/v1alpha1",
      kind: "GpuMediaService",
      name: "upscaler",
      uid: metadata.uid,
      blockOwnerDeletion: true,
    };
    const labels = {
      "app.kubernetes.io/name": "gpu-media",
      "app.kubernetes.io/instance": "upscaler",
      "app.kubernetes.io/managed-by": "gpumedia-operator",
      "app.kubernetes.io/part-of": "gpumedia",
      "gpumedia.io/service": "upscaler",
    };
    for (const child of children) {
      // A VerticalPodAutoscaler does nothing for a Deployment whose controller has a scale subresource.
      const expected = child.kind === "Deployment" ? owner : { ...owner, controller: true };
      assert.deepEqual([child.metadata.ownerReferences, child.metadata.labels], [[expected], labels], titleOf(child));
    }
  });

  const hpa = "HorizontalPodAutoscaler upscaler";
  const vpa = "VerticalPodAutoscaler upscaler-vpa";
  const deployment = "Deployment upscaler";
  const ingress = "Ingress with-ingress";
  const container = "spec.template.spec.containers.0";
  const nginx = "metadata.annotations.nginx.ingress.kubernetes.io/";
  /** The guide's text, the child that implements it, the path in the child, and the value that the API server stores. */
  const lines: readonly (readonly [line: string, child: string, path: string, value: unknown])[] = [
    ["minReplicas: 2", hpa, "spec.minReplicas", 2],
    ["maxReplicas: 10", hpa, "spec.maxReplicas", 10],
    [
      "targetCPUUtilizationPercentage: 60",
      hpa,
      "spec.metrics",
      [
        {
          type: "ContainerResource",
          containerResource: {
            name: "cpu",
            container: "gpu-media",
            target: { type: "Utilization", averageUtilization: 60 },
          },
        },
      ],
    ],
    [
      "behavior",
      hpa,
      "spec.behavior",
      {
        scaleUp: {
          stabilizationWindowSeconds: 60,
          selectPolicy: "Max",
          policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
        },
        scaleDown: {
          stabilizationWindowSeconds: 300,
          selectPolicy: "Max",
          policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
        },
      },
    ],
    [
      "resources",
      deployment,
      `${container}.resources`,
      {
        requests: { "nvidia.com/gpu": "1", cpu: "2", memory: "4Gi" },
        limits: { "nvidia.com/gpu": "1", cpu: "4", memory: "8Gi" },
      },
    ],
    // PYTORCH_CUDA_ALLOC_CONF has no effect on onnxruntime: see api/src/profiles/production.ts.
    [
      "CUDA_LAUNCH_BLOCKING=0, CUDA_DEVICE_ORDER=PCI_BUS_ID",
      deployment,
      `${container}.env`,
      [
        { name: "CUDA_LAUNCH_BLOCKING", value: "0" },
        { name: "CUDA_DEVICE_ORDER", value: "PCI_BUS_ID" },
      ],
    ],
    ["containerName: gpu-media", deployment, `${container}.name`, "gpu-media"],
    ["port=8080", deployment, `${container}.ports.0.containerPort`, 8080],
    ["kind: Deployment", vpa, "spec.targetRef.kind", "Deployment"],
    ["updateMode: Auto", vpa, "spec.updatePolicy.updateMode", updateMode],
    ["maxAllowed", vpa, "spec.resourcePolicy.containerPolicies.0.maxAllowed", { cpu: "4", memory: "8Gi" }],
    ["upstream-hash-by", ingress, `${nginx}upstream-hash-by`, "$request_uri"],
    ["proxy-connect-timeout", ingress, `${nginx}proxy-connect-timeout`, "5"],
    ["proxy-send-timeout", ingress, `${nginx}proxy-send-timeout`, "300"],
    ["proxy-read-timeout", ingress, `${nginx}proxy-read-timeout`, "300"],
    ["proxy-body-size", ingress, `${nginx}proxy-body-size`, "10m"],
  ];
  for (const [line, title, path, value] of lines) {
    it(`has the guide's ${line}`, async () => {
      const all = [...children, await work.child("ingress", "with-ingress")];
      const child = all.find((candidate) => titleOf(candidate) === title) ?? assert.fail(`${title} does not exist`);
      assert.deepEqual(valueAt(child, path), value);
    });
  }
});

function titleOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}

/** Removes what differs between runs and what all children share. */
function lasting(child: KubeObject): object {
  const written = writtenPart(child);
  const { name, annotations } = written.metadata;
  return { ...written, metadata: { name, ...(Object.keys(annotations).length > 0 && { annotations }) } };
}

/** Follows a dotted path. The rest of a path may itself be the name of a member. */
function valueAt(node: unknown, path: string): unknown {
  if (typeof node !== "object" || node === null) return undefined;
  const members = node as Record<string, unknown>;
  if (path in members) return members[path];
  const [first = "", ...rest] = path.split(".");
  return valueAt(members[first], rest.join("."));
}
