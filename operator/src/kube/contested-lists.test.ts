import assert from "node:assert/strict";
import { contestedLists, disownPatch, renamedCopies } from "./contested-lists.ts";
import { ApiError, type ApiErrorCause } from "./errors.ts";
import type { KubeObject, ManagedFieldsEntry, Manifest } from "./object.ts";

const metadata = { name: "upscaler", namespace: "media" };

function live(spec: object, managedFields: readonly ManagedFieldsEntry[] = []): KubeObject {
  const stored = { ...metadata, uid: "u", resourceVersion: "7", creationTimestamp: "", managedFields };
  return { apiVersion: "v1", kind: "Any", metadata: stored, spec } as KubeObject;
}

function wanted(spec: object): Manifest {
  return { apiVersion: "v1", kind: "Any", metadata, spec } as Manifest;
}

function refusal(causes: readonly ApiErrorCause[]): ApiError {
  return new ApiError({ status: 422, reason: "Invalid", message: "no", method: "PATCH", path: "/", causes });
}

function duplicate(field: string): ApiErrorCause {
  return { field, message: "Duplicate value", reason: "FieldValueDuplicate" };
}

const version = { op: "replace", path: "/metadata/resourceVersion", value: "7" };

describe("lists that an apply cannot mend", () => {
  const ports = [{ name: "http", port: 80 }];
  const containerPorts = [{ name: "http", containerPort: 8080 }];
  const service = live({ ports: [{ name: "http", port: 81 }] });
  const pods = (items: readonly object[]): object => ({ template: { spec: { containers: items } } });
  const mesh = { name: "mesh", ports: [] };
  const cases: {
    readonly title: string;
    readonly causes: readonly ApiErrorCause[];
    readonly live: KubeObject;
    readonly wanted: Manifest;
    readonly operations: readonly object[];
  }[] = [
    {
      title: "a Service's port whose number was edited",
      causes: [duplicate("spec.ports[1].name")],
      live: service,
      wanted: wanted({ ports }),
      operations: [version, { op: "replace", path: "/spec/ports", value: ports }],
    },
    {
      title: "a list that is named twice",
      causes: [duplicate("spec.ports[1].name"), duplicate("spec.ports[1]")],
      live: service,
      wanted: wanted({ ports }),
      operations: [version, { op: "replace", path: "/spec/ports", value: ports }],
    },
    {
      title: "a container's port, with somebody else's container before ours",
      causes: [duplicate("spec.template.spec.containers[0].ports[1].name")],
      live: live(pods([mesh, { name: "gpu-media", ports: [{ name: "http", containerPort: 8081 }] }])),
      wanted: wanted(pods([{ name: "gpu-media", ports: containerPorts }])),
      operations: [version, { op: "replace", path: "/spec/template/spec/containers/1/ports", value: containerPorts }],
    },
    {
      title: "a container's port, where the refusal counts somebody else's container before ours",
      causes: [duplicate("spec.template.spec.containers[1].ports[1].name")],
      live: live(pods([mesh, { name: "gpu-media", ports: [{ name: "http", containerPort: 8081 }] }])),
      wanted: wanted(pods([{ name: "gpu-media", ports: containerPorts }])),
      operations: [version, { op: "replace", path: "/spec/template/spec/containers/1/ports", value: containerPorts }],
    },
    {
      title: "a refusal that is about something else",
      causes: [{ field: "spec.ports[0].port", message: "Invalid value", reason: "FieldValueInvalid" }],
      live: service,
      wanted: wanted({ ports }),
      operations: [],
    },
    {
      title: "a list that we have nothing in",
      causes: [duplicate("spec.externalIPs[1]")],
      live: live({ ports, externalIPs: ["a", "a"] }),
      wanted: wanted({ ports }),
      operations: [],
    },
    {
      title: "a duplicate that is in no list",
      causes: [duplicate("metadata.name")],
      live: service,
      wanted: wanted({ ports }),
      operations: [],
    },
  ];
  for (const { title, causes, live: stored, wanted: manifest, operations } of cases) {
    it(title, () => assert.deepEqual(contestedLists(refusal(causes), stored, manifest), operations));
  }
});

describe("copies that an apply leaves", () => {
  const ours = { name: "gpu-media", image: "a", resources: { limits: { cpu: "4" } } };
  const pods = (items: readonly object[]): object => ({ template: { spec: { containers: items } } });
  const copy = { ...ours, name: "another", terminationMessagePath: "/dev/termination-log" };
  const cases: { readonly title: string; readonly items: readonly object[]; readonly removed: readonly number[] }[] = [
    { title: "one under another name", items: [copy, ours], removed: [0] },
    { title: "two of them, the last first", items: [copy, ours, { ...copy, name: "third" }], removed: [2, 0] },
    { title: "not a container of somebody else's", items: [ours, { name: "mesh", image: "mesh" }], removed: [] },
    { title: "not one that differs in a value", items: [ours, { ...copy, image: "b" }], removed: [] },
    { title: "not ours", items: [{ ...ours, terminationMessagePath: "/dev/termination-log" }], removed: [] },
  ];
  for (const { title, items, removed } of cases) {
    it(title, () => {
      const removals = removed.map((index) => ({ op: "remove", path: `/spec/template/spec/containers/${index}` }));
      const expected = removals.length === 0 ? [] : [version, ...removals];
      assert.deepEqual(renamedCopies(live(pods(items)), wanted(pods([ours]))), expected);
    });
  }

  it("a group of alerts under another name", () => {
    const groups = [{ name: "media", rules: [{ alert: "A" }] }];
    const stored = live({ groups: [...groups, { name: "mediax", rules: [{ alert: "A" }] }] });
    assert.deepEqual(renamedCopies(stored, wanted({ groups })), [version, { op: "remove", path: "/spec/groups/1" }]);
  });
});

describe("the entry that a list taken back leaves", () => {
  const applied = { manager: "gpumedia-operator", operation: "Apply" } as const;
  const patched = { manager: "gpumedia-operator", operation: "Update" } as const;
  const others = { manager: "kubectl", operation: "Update" } as const;
  const cases: {
    readonly title: string;
    readonly entries: ManagedFieldsEntry[];
    readonly removes: number | undefined;
  }[] = [
    { title: "is removed", entries: [applied, others, patched], removes: 2 },
    { title: "is not that of a status", entries: [applied, { ...patched, subresource: "status" }], removes: undefined },
    { title: "is not there", entries: [applied, others], removes: undefined },
  ];
  for (const { title, entries, removes } of cases) {
    it(title, () => {
      const expected =
        removes === undefined ? [] : [version, { op: "remove", path: `/metadata/managedFields/${removes}` }];
      assert.deepEqual(disownPatch(live({}, entries)), expected);
    });
  }
});
