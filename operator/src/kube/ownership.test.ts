import assert from "node:assert/strict";
import * as fc from "fast-check";
import { contains, postManager, inSync, manifestDigest, ownership, ownershipPatch, project } from "./ownership.ts";
import { storedObject } from "./object.sample.ts";
import type { FieldsV1, KubeObject, ManagedFieldsEntry, Manifest } from "./object.ts";

const desired = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "upscaler", namespace: "media", labels: { "app.kubernetes.io/name": "gpu-media" } },
  spec: {
    ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: "http" }],
    selector: { instance: "upscaler" },
  },
} as const satisfies Manifest & { spec: unknown };

const portKey = 'k:{"port":80,"protocol":"TCP"}';
const ownedByApply: FieldsV1 = {
  "f:metadata": { "f:labels": { "f:app.kubernetes.io/name": {} } },
  "f:spec": {
    "f:ports": { [portKey]: { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {} } },
    "f:selector": {},
  },
};
/** A POST also owns the defaults. */
const ownedByCreate: FieldsV1 = {
  ...ownedByApply,
  "f:spec": { ...ownedByApply["f:spec"], "f:type": {}, "f:sessionAffinity": {} },
};

type Live = KubeObject & { spec: Record<string, unknown> };

/** The object as the API server returns it: with defaults and with a label of another field manager. */
function live(
  entries: readonly ManagedFieldsEntry[],
  changes: { spec?: object; labels?: Record<string, string> } = {},
): Live {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: storedObject({
      name: "upscaler",
      resourceVersion: "7",
      labels: { ...desired.metadata.labels, team: "video", ...changes.labels },
      managedFields: entries,
    }).metadata,
    spec: { ...desired.spec, type: "ClusterIP", sessionAffinity: "None", clusterIP: "10.0.0.9", ...changes.spec },
  };
}

const byApply: ManagedFieldsEntry = {
  manager: "gpumedia-operator",
  operation: "Apply",
  apiVersion: "v1",
  fieldsV1: ownedByApply,
};
const byCreate: ManagedFieldsEntry = {
  manager: postManager(desired),
  operation: "Update",
  apiVersion: "v1",
  fieldsV1: ownedByCreate,
};
const byOther: ManagedFieldsEntry = {
  manager: "kubectl",
  operation: "Update",
  apiVersion: "v1",
  fieldsV1: { "f:metadata": { "f:labels": { "f:team": {} } } },
};

describe("ownership of a live object", () => {
  const cases: Readonly<Record<string, { object: Live; desired?: Manifest; inSync: boolean }>> = {
    "applied and untouched": { object: live([byApply, byOther]), inSync: true },
    "created and untouched": { object: live([byOther, byCreate]), inSync: true },
    "applied, one of our values changed": {
      object: live([byApply], { spec: { selector: { instance: "other" } } }),
      inSync: false,
    },
    "created, one of our values changed": {
      object: live([byCreate], { spec: { selector: { instance: "other" } } }),
      inSync: false,
    },
    "applied, another manager owns the label with the same value": {
      object: live([{ ...byApply, fieldsV1: { "f:spec": ownedByApply["f:spec"] ?? {} } }]),
      inSync: false,
    },
    "created, another manager owns the label with the same value": {
      object: live([{ ...byCreate, fieldsV1: { "f:spec": ownedByCreate["f:spec"] ?? {} } }]),
      inSync: false,
    },
    "applied, we own a field that is no longer desired": {
      object: live([
        { ...byApply, fieldsV1: { ...ownedByApply, "f:spec": { ...ownedByApply["f:spec"], "f:type": {} } } },
      ]),
      inSync: false,
    },
    "created, we own a field that is no longer desired": {
      object: live([byCreate]),
      desired: { ...desired, metadata: { name: "upscaler", namespace: "media" } },
      inSync: false,
    },
    "created, the desired value changed": {
      object: live([byCreate]),
      desired: { ...desired, spec: {} } as Manifest,
      inSync: false,
    },
    "created, another manager changed a default": {
      object: live([byCreate], { spec: { sessionAffinity: "ClientIP" } }),
      inSync: true,
    },
    "other managers' labels and fields changed": {
      object: live([byApply], { labels: { team: "audio" } }),
      inSync: true,
    },
    "not managed by this operator": { object: live([byOther]), inSync: false },
    "we own only the status": {
      object: live([{ ...byApply, subresource: "status" }]),
      inSync: false,
    },
  };
  for (const [title, test] of Object.entries(cases)) {
    it(`${title}: ${test.inSync ? "in sync" : "not in sync"}`, () => {
      assert.equal(inSync(ownership(test.object), test.desired ?? desired), test.inSync);
    });
  }

  it("gives the same result when a created object is compared twice", () => {
    const [intact, edited] = [live([byCreate]), live([byCreate], { spec: { selector: { instance: "other" } } })];
    for (const [object, expected] of [
      [intact, true],
      [edited, false],
    ] as const) {
      const owned = ownership(object);
      assert.deepEqual([inSync(owned, desired), inSync(owned, desired)], [expected, expected]);
    }
  });

  it("changes when a created object is edited", () => {
    const [before, after] = [live([byCreate]), live([byCreate], { spec: { selector: { instance: "other" } } })];
    assert.notEqual(JSON.stringify(ownership(before)), JSON.stringify(ownership(after)));
  });

  it("is in sync when neither the apply nor the manifest has metadata", () => {
    const bare: Manifest & { data: unknown } = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a" },
      data: { a: "1" },
    };
    const object = {
      ...bare,
      metadata: { ...live([]).metadata, managedFields: [{ ...byApply, fieldsV1: { "f:data": { "f:a": {} } } }] },
    };
    assert.equal(inSync(ownership(object), bare), true);
  });
});

describe("projection onto owned fields", () => {
  const cases: Readonly<Record<string, { value: unknown; fields: FieldsV1; projected: unknown }>> = {
    "keeps the whole value for an empty set": {
      value: { a: { b: 1 } },
      fields: { "f:a": {} },
      projected: { a: { b: 1 } },
    },
    "omits a missing member": {
      value: { a: 1 },
      fields: { "f:a": {}, "f:b": {} },
      projected: { a: 1 },
    },
    "selects list items by their keys, in live order": {
      value: [{ name: "b", value: "2", x: 1 }, { name: "z" }, { name: "a", value: "1" }],
      fields: {
        'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:value": {} },
        'k:{"name":"b"}': { "f:name": {}, "f:value": {} },
      },
      projected: [
        { name: "b", value: "2" },
        { name: "a", value: "1" },
      ],
    },
    "selects list items by several keys": {
      value: [
        { port: 80, protocol: "UDP" },
        { port: 80, protocol: "TCP", name: "http" },
      ],
      fields: { [portKey]: { "f:name": {} } },
      projected: [{ name: "http" }],
    },
    "selects set items by value": { value: ["x", "y"], fields: { 'v:"y"': {} }, projected: ["y"] },
    "selects items by index": { value: ["x", "y"], fields: { "i:1": {} }, projected: ["y"] },
    "keeps no member of an item that is owned only as such": {
      value: [{ name: "a", value: "1" }],
      fields: { 'k:{"name":"a"}': { ".": {} } },
      projected: [{}],
    },
    "keeps a scalar that replaced an owned map": {
      value: "now text",
      fields: { "f:a": {} },
      projected: "now text",
    },
  };
  for (const [title, { value, fields, projected }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(project(value, fields), projected));
  }

  it("keeps everything when every path is listed", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true }), (object) => {
        const everything = Object.fromEntries(Object.keys(object).map((key) => [`f:${key}`, {}]));
        assert.deepEqual(project(object, everything), object);
      }),
    );
  });
});

describe("containment", () => {
  it("every value contains itself", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => contains(value, value)));
  });
  it("a longer list does not contain a shorter one", () => {
    assert.equal(contains([{ name: "a" }, { name: "b" }], [{ name: "a" }]), false);
  });
  it("a map contains a map with fewer members", () => {
    assert.equal(contains({ a: { b: 1, c: 2 } }, { a: { b: 1 } }), true);
  });
});

describe("digest of a manifest", () => {
  it("does not depend on the order of keys or on undefined members", () => {
    const reordered = {
      ...desired,
      spec: { selector: desired.spec.selector, ports: desired.spec.ports, type: undefined },
    };
    assert.equal(manifestDigest(reordered), manifestDigest(desired));
  });
  it("depends on every value and on the order of lists", () => {
    const digests = [
      desired,
      { ...desired, metadata: { ...desired.metadata, labels: {} } },
      { ...desired, spec: { ...desired.spec, selector: { instance: "b" } } },
      { ...desired, spec: { ...desired.spec, ports: [] } },
    ].map(manifestDigest);
    assert.equal(new Set(digests).size, digests.length);
  });
  it("fits the 128 characters that a manager's name may have", () => {
    assert.match(postManager(desired), /^gpumedia-operator:[\w-]{16}$/);
  });
});

describe("ownershipPatch", () => {
  const rv = { op: "replace", path: "/metadata/resourceVersion", value: "7" };
  const scaled = (by: ManagedFieldsEntry) => ({ ...by, fieldsV1: { "f:spec": { "f:replicas": {} } } });
  const adopt = (index: number) => [
    { op: "replace", path: `/metadata/managedFields/${index}/manager`, value: "gpumedia-operator" },
    { op: "replace", path: `/metadata/managedFields/${index}/operation`, value: "Apply" },
  ];
  const release = { op: "remove", path: "/metadata/managedFields/0/fieldsV1/f:spec/f:replicas" };
  const cases: Readonly<Record<string, { entries: ManagedFieldsEntry[]; replicas?: number; patch: unknown[] }>> = {
    "is empty after an apply": { entries: [byApply], patch: [] },
    "is empty for an object that is not managed by this operator": { entries: [byOther], patch: [] },
    "turns the entry of our POST into that of an apply": {
      entries: [byOther, byCreate],
      patch: [rv, ...adopt(1)],
    },
    "gives up replicas when an autoscaler takes over": { entries: [scaled(byApply)], patch: [rv, release] },
    "keeps replicas while they are desired": { entries: [scaled(byApply)], replicas: 3, patch: [] },
    "does both at once": { entries: [scaled(byCreate)], patch: [rv, ...adopt(0), release] },
  };
  for (const [title, { entries, replicas, patch }] of Object.entries(cases)) {
    it(title, () => {
      const object = live(entries);
      const manifest = { ...desired, spec: { ...desired.spec, ...(replicas === undefined ? {} : { replicas }) } };
      assert.deepEqual(ownershipPatch({ metadata: object.metadata, owned: ownership(object) }, manifest), patch);
    });
  }
});
