import assert from "node:assert/strict";
import { drifts, driftText } from "./drift.ts";
import { storedObject } from "./object.sample.ts";
import type { FieldsV1, KubeObject, Manifest } from "./object.ts";

const identity = { apiVersion: "apps/v1", kind: "Deployment" } as const;

function live(contents: object, owned: Readonly<Record<string, FieldsV1>> = {}): KubeObject {
  const managedFields = Object.entries(owned).map(([manager, fieldsV1], index) => ({
    manager,
    operation: "Update" as const,
    time: `2026-01-01T00:00:0${index}Z`,
    fieldsV1,
  }));
  return { ...storedObject({ managedFields }), ...identity, ...contents };
}

function desired(spec: object): Manifest {
  return { ...identity, metadata: { name: "a" }, spec } as Manifest;
}

const image: FieldsV1 = { "f:spec": { "f:containers": { 'k:{"name":"gpu-media"}': { "f:image": {} } } } };
const container = (name: string, value: string): object => ({ name, image: value });

describe("the drift of a child", () => {
  const cases = {
    "an image that another manager has set": {
      live: live({ spec: { containers: [container("gpu-media", "nginx")] } }, { "kubectl-set": image }),
      desired: desired({ containers: [container("gpu-media", "processor:1")] }),
      drift: { path: "spec.containers[gpu-media].image", value: "nginx", manager: "kubectl-set" },
    },
    "the last of several managers": {
      live: live({ spec: { replicas: 3 } }, { first: { "f:spec": {} }, second: { "f:spec": { "f:replicas": {} } } }),
      desired: desired({ replicas: 2 }),
      drift: { path: "spec.replicas", value: 3, manager: "second" },
    },
    "a field that was removed": {
      live: live({ spec: { selector: { tier: "gpu" } } }, { "gpumedia-operator": { "f:spec": {} } }),
      desired: desired({ selector: { app: "a", tier: "gpu" } }),
      drift: { path: "spec.selector.app", value: undefined },
    },
    "a list without names, as a whole": {
      live: live({ spec: { args: ["a", "b"] } }, { other: { "f:spec": { "f:args": {} } } }),
      desired: desired({ args: ["a"] }),
      drift: { path: "spec.args", value: ["a", "b"], manager: "other" },
    },
    "nothing when another manager has added a container beside ours": {
      live: live({ spec: { containers: [container("sidecar", "s"), container("gpu-media", "processor:1")] } }),
      desired: desired({ containers: [container("gpu-media", "processor:1")] }),
      drift: undefined,
    },
  };
  for (const [title, { live: object, desired: manifest, drift }] of Object.entries(cases)) {
    it(`is ${title}`, () => assert.deepEqual(drifts(object, manifest), drift === undefined ? [] : [drift]));
  }

  it("is a label that was changed", () => {
    const object = live({});
    const labelled = { ...object, metadata: { ...object.metadata, labels: { app: "b" } } };
    const manifest = { ...identity, metadata: { name: "a", labels: { app: "a" } } };
    assert.deepEqual(drifts(labelled, manifest), [{ path: "metadata.labels.app", value: "b" }]);
  });

  it("has every field that differs, in the order of the manifest", () => {
    const object = live({ spec: { containers: [container("gpu-media", "mirror/processor:1")], replicas: 3 } });
    const found = drifts(object, desired({ replicas: 2, paused: true, containers: [container("gpu-media", "p:1")] }));
    assert.deepEqual(
      found.map((one) => `${one.path} ${driftText(one)}`),
      [
        "spec.replicas was changed to 3",
        "spec.paused was removed",
        "spec.containers[gpu-media].image was changed to mirror/processor:1",
      ],
    );
  });
});
