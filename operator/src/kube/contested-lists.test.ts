import assert from "node:assert/strict";
import { contestedLists, disownPatch, renamedCopies } from "./contested-lists.ts";
import { ApiError, type ApiErrorCause } from "./errors.ts";
import { storedObject } from "./object.sample.ts";
import type { KubeObject, ManagedFieldsEntry, Manifest } from "./object.ts";

const metadata = { name: "upscaler", namespace: "media" };

function live(spec: object, managedFields: readonly ManagedFieldsEntry[] = []): KubeObject {
  return { ...storedObject({ ...metadata, resourceVersion: "7", managedFields }), spec } as KubeObject;
}

function desired(spec: object): Manifest {
  return { apiVersion: "v1", kind: "Any", metadata, spec } as Manifest;
}

function rejection(causes: readonly ApiErrorCause[]): ApiError {
  return new ApiError({ status: 422, reason: "Invalid", message: "no", method: "PATCH", path: "/", causes });
}

function duplicate(field: string): ApiErrorCause {
  return { field, message: "Duplicate value", reason: "FieldValueDuplicate" };
}

const version = { op: "replace", path: "/metadata/resourceVersion", value: "7" };

describe("contestedLists", () => {
  const ports = [{ name: "http", port: 80 }];
  const containerPorts = [{ name: "http", containerPort: 8080 }];
  const service = live({ ports: [{ name: "http", port: 81 }] });
  const pods = (items: readonly object[]): object => ({ template: { spec: { containers: items } } });
  const mesh = { name: "mesh", ports: [] };
  const cases = {
    "replaces the ports of a Service whose port number was edited": {
      causes: [duplicate("spec.ports[1].name")],
      live: service,
      desired: desired({ ports }),
      operations: [version, { op: "replace", path: "/spec/ports", value: ports }],
    },
    "replaces a list with two causes once": {
      causes: [duplicate("spec.ports[1].name"), duplicate("spec.ports[1]")],
      live: service,
      desired: desired({ ports }),
      operations: [version, { op: "replace", path: "/spec/ports", value: ports }],
    },
    "replaces the ports of a container behind another manager's container": {
      causes: [duplicate("spec.template.spec.containers[0].ports[1].name")],
      live: live(pods([mesh, { name: "gpu-media", ports: [{ name: "http", containerPort: 8081 }] }])),
      desired: desired(pods([{ name: "gpu-media", ports: containerPorts }])),
      operations: [version, { op: "replace", path: "/spec/template/spec/containers/1/ports", value: containerPorts }],
    },
    "replaces the ports of a container when the cause's index counts another manager's container": {
      causes: [duplicate("spec.template.spec.containers[1].ports[1].name")],
      live: live(pods([mesh, { name: "gpu-media", ports: [{ name: "http", containerPort: 8081 }] }])),
      desired: desired(pods([{ name: "gpu-media", ports: containerPorts }])),
      operations: [version, { op: "replace", path: "/spec/template/spec/containers/1/ports", value: containerPorts }],
    },
    "ignores a rejection with another reason": {
      causes: [{ field: "spec.ports[0].port", message: "Invalid value", reason: "FieldValueInvalid" }],
      live: service,
      desired: desired({ ports }),
      operations: [],
    },
    "ignores a list without an item of ours": {
      causes: [duplicate("spec.externalIPs[1]")],
      live: live({ ports, externalIPs: ["a", "a"] }),
      desired: desired({ ports }),
      operations: [],
    },
    "ignores a duplicate outside of a list": {
      causes: [duplicate("metadata.name")],
      live: service,
      desired: desired({ ports }),
      operations: [],
    },
  };
  for (const [title, { causes, live: stored, desired: manifest, operations }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(contestedLists(rejection(causes), stored, manifest), operations));
  }
});

describe("renamedCopies", () => {
  const env = [{ name: "A", value: "1" }];
  const ours = { name: "gpu-media", image: "a", env, resources: { limits: { cpu: "4" } } };
  const pods = (items: readonly object[]): object => ({ template: { spec: { containers: items } } });
  const copy = { ...ours, name: "another", terminationMessagePath: "/dev/termination-log" };
  const cases: Readonly<Record<string, { readonly items: readonly object[]; readonly removed: readonly number[] }>> = {
    "removes a renamed copy": { items: [copy, ours], removed: [0] },
    "removes a renamed copy with a variable of another manager, as of one that was renamed before": {
      items: [{ ...copy, env: [{ name: "B", value: "1" }, ...env] }, ours],
      removed: [0],
    },
    "keeps a container that lacks a variable": { items: [ours, { ...copy, env: [] }], removed: [] },
    "removes two copies, the last one first": {
      items: [copy, ours, { ...copy, name: "third" }],
      removed: [2, 0],
    },
    "keeps another manager's container": { items: [ours, { name: "mesh", image: "mesh" }], removed: [] },
    "keeps a container that differs in a value": { items: [ours, { ...copy, image: "b" }], removed: [] },
    "keeps our container": { items: [{ ...ours, terminationMessagePath: "/dev/termination-log" }], removed: [] },
  };
  for (const [title, { items, removed }] of Object.entries(cases)) {
    it(title, () => {
      const path = (index: number): string => `/spec/template/spec/containers/${index}`;
      const names = items.map((item) => (item as typeof copy).name);
      assert.deepEqual(renamedCopies(live(pods(items)), desired(pods([ours]))), [
        ...removed.toReversed().map((index) => ({ op: "test", path: `${path(index)}/name`, value: names[index] })),
        ...removed.map((index) => ({ op: "remove", path: path(index) })),
      ]);
    });
  }

  it("removes a renamed group of alerts", () => {
    const groups = [{ name: "media", rules: [{ alert: "A" }] }];
    const stored = live({ groups: [...groups, { name: "mediax", rules: [{ alert: "A" }] }] });
    assert.deepEqual(renamedCopies(stored, desired({ groups })), [
      { op: "test", path: "/spec/groups/1/name", value: "mediax" },
      { op: "remove", path: "/spec/groups/1" },
    ]);
  });
});

describe("disownPatch", () => {
  const applied = { manager: "gpumedia-operator", operation: "Apply" } as const;
  const patched = { manager: "gpumedia-operator", operation: "Update" } as const;
  const others = { manager: "kubectl", operation: "Update" } as const;
  interface Case {
    readonly entries: ManagedFieldsEntry[];
    readonly removes: number | undefined;
  }
  const cases: Readonly<Record<string, Case>> = {
    "removes our Update entry": { entries: [applied, others, patched], removes: 2 },
    "keeps the entry of the status": {
      entries: [applied, { ...patched, subresource: "status" }],
      removes: undefined,
    },
    "changes nothing without an Update entry": { entries: [applied, others], removes: undefined },
  };
  for (const [title, { entries, removes }] of Object.entries(cases)) {
    it(title, () => {
      const expected =
        removes === undefined ? [] : [version, { op: "remove", path: `/metadata/managedFields/${removes}` }];
      assert.deepEqual(disownPatch(live({}, entries)), expected);
    });
  }
});
