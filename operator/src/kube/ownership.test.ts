import assert from "node:assert/strict";
import * as fc from "fast-check";
import { contains, postManager, inSync, manifestDigest, ownership, ownershipPatch, project } from "./ownership.ts";
import type { FieldsV1, KubeObject, ManagedFieldsEntry, Manifest } from "./object.ts";

const wanted = {
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
/** A POST owns the defaults too. */
const ownedByCreate: FieldsV1 = {
  ...ownedByApply,
  "f:spec": { ...ownedByApply["f:spec"], "f:type": {}, "f:sessionAffinity": {} },
};

type Live = KubeObject & { spec: Record<string, unknown> };

/** The object as a real API server returns it: defaults filled in, and a label of somebody else. */
function live(
  entries: readonly ManagedFieldsEntry[],
  changes: { spec?: object; labels?: Record<string, string> } = {},
): Live {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "upscaler",
      namespace: "media",
      uid: "1",
      resourceVersion: "7",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { ...wanted.metadata.labels, team: "video", ...changes.labels },
      managedFields: entries,
    },
    spec: { ...wanted.spec, type: "ClusterIP", sessionAffinity: "None", clusterIP: "10.0.0.9", ...changes.spec },
  };
}

const byApply: ManagedFieldsEntry = {
  manager: "gpumedia-operator",
  operation: "Apply",
  apiVersion: "v1",
  fieldsV1: ownedByApply,
};
const byCreate: ManagedFieldsEntry = {
  manager: postManager(wanted),
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
  const cases: { title: string; object: Live; wanted?: Manifest; inSync: boolean }[] = [
    { title: "applied and untouched", object: live([byApply, byOther]), inSync: true },
    { title: "created and untouched", object: live([byOther, byCreate]), inSync: true },
    {
      title: "applied, a value of ours changed",
      object: live([byApply], { spec: { selector: { instance: "other" } } }),
      inSync: false,
    },
    {
      title: "created, a value of ours changed",
      object: live([byCreate], { spec: { selector: { instance: "other" } } }),
      inSync: false,
    },
    {
      title: "applied, the label taken from us with its value unchanged",
      object: live([{ ...byApply, fieldsV1: { "f:spec": ownedByApply["f:spec"] ?? {} } }]),
      inSync: false,
    },
    {
      title: "created, the label taken from us with its value unchanged",
      object: live([{ ...byCreate, fieldsV1: { "f:spec": ownedByCreate["f:spec"] ?? {} } }]),
      inSync: false,
    },
    {
      title: "applied, we own a field that we no longer want",
      object: live([
        { ...byApply, fieldsV1: { ...ownedByApply, "f:spec": { ...ownedByApply["f:spec"], "f:type": {} } } },
      ]),
      inSync: false,
    },
    {
      title: "created, a field that we no longer want",
      object: live([byCreate]),
      wanted: { ...wanted, metadata: { name: "upscaler", namespace: "media" } },
      inSync: false,
    },
    {
      title: "created, a value differs from what we want now",
      object: live([byCreate]),
      wanted: { ...wanted, spec: {} } as Manifest,
      inSync: false,
    },
    {
      title: "a default that we own by creation changed by others is theirs",
      object: live([byCreate], { spec: { sessionAffinity: "ClientIP" } }),
      inSync: true,
    },
    {
      title: "foreign labels and fields never matter",
      object: live([byApply], { labels: { team: "audio" } }),
      inSync: true,
    },
    { title: "nobody of ours ever wrote it", object: live([byOther]), inSync: false },
    {
      title: "our status writer's entry does not count as ownership",
      object: live([{ ...byApply, subresource: "status" }]),
      inSync: false,
    },
  ];
  for (const test of cases) {
    it(`${test.title}: ${test.inSync ? "in sync" : "not in sync"}`, () => {
      assert.equal(inSync(ownership(test.object), test.wanted ?? wanted), test.inSync);
    });
  }

  it("created and asked about twice, it is the same answer", () => {
    const [intact, edited] = [live([byCreate]), live([byCreate], { spec: { selector: { instance: "other" } } })];
    for (const [object, expected] of [
      [intact, true],
      [edited, false],
    ] as const) {
      const owned = ownership(object);
      assert.deepEqual([inSync(owned, wanted), inSync(owned, wanted)], [expected, expected]);
    }
  });

  it("created and edited since, it does not look like before", () => {
    const [before, after] = [live([byCreate]), live([byCreate], { spec: { selector: { instance: "other" } } })];
    assert.notEqual(JSON.stringify(ownership(before)), JSON.stringify(ownership(after)));
  });

  it("an apply that owns no metadata agrees with a manifest that has none", () => {
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
  const cases: { title: string; value: unknown; fields: FieldsV1; projected: unknown }[] = [
    {
      title: "an empty set owns the whole value",
      value: { a: { b: 1 } },
      fields: { "f:a": {} },
      projected: { a: { b: 1 } },
    },
    {
      title: "a member that is gone is left out",
      value: { a: 1 },
      fields: { "f:a": {}, "f:b": {} },
      projected: { a: 1 },
    },
    {
      title: "list items by their keys, in live order",
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
    {
      title: "keys of several members",
      value: [
        { port: 80, protocol: "UDP" },
        { port: 80, protocol: "TCP", name: "http" },
      ],
      fields: { [portKey]: { "f:name": {} } },
      projected: [{ name: "http" }],
    },
    { title: "set items by their value", value: ["x", "y"], fields: { 'v:"y"': {} }, projected: ["y"] },
    { title: "items by index", value: ["x", "y"], fields: { "i:1": {} }, projected: ["y"] },
    {
      title: "an item owned only in its existence",
      value: [{ name: "a", value: "1" }],
      fields: { 'k:{"name":"a"}': { ".": {} } },
      projected: [{}],
    },
    { title: "a scalar where a map was owned", value: "now text", fields: { "f:a": {} }, projected: "now text" },
  ];
  for (const { title, value, fields, projected } of cases) {
    it(title, () => assert.deepEqual(project(value, fields), projected));
  }

  it("owns everything when every path is listed", () => {
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
  it("a list with an item more does not contain the shorter one", () => {
    assert.equal(contains([{ name: "a" }, { name: "b" }], [{ name: "a" }]), false);
  });
  it("a map with members more does", () => {
    assert.equal(contains({ a: { b: 1, c: 2 } }, { a: { b: 1 } }), true);
  });
});

describe("digest of a manifest", () => {
  it("does not depend on the order of keys or on undefined members", () => {
    const reordered = {
      ...wanted,
      spec: { selector: wanted.spec.selector, ports: wanted.spec.ports, type: undefined },
    };
    assert.equal(manifestDigest(reordered), manifestDigest(wanted));
  });
  it("depends on every value and on the order of lists", () => {
    const digests = [
      wanted,
      { ...wanted, metadata: { ...wanted.metadata, labels: {} } },
      { ...wanted, spec: { ...wanted.spec, selector: { instance: "b" } } },
      { ...wanted, spec: { ...wanted.spec, ports: [] } },
    ].map(manifestDigest);
    assert.equal(new Set(digests).size, digests.length);
  });
  it("fits the 128 characters that a manager's name may have", () => {
    assert.match(postManager(wanted), /^gpumedia-operator:[\w-]{16}$/);
  });
});

describe("what changes in managedFields before an apply", () => {
  const rv = { op: "replace", path: "/metadata/resourceVersion", value: "7" };
  const scaled = (by: ManagedFieldsEntry) => ({ ...by, fieldsV1: { "f:spec": { "f:replicas": {} } } });
  const adopt = (index: number) => [
    { op: "replace", path: `/metadata/managedFields/${index}/manager`, value: "gpumedia-operator" },
    { op: "replace", path: `/metadata/managedFields/${index}/operation`, value: "Apply" },
  ];
  const release = { op: "remove", path: "/metadata/managedFields/0/fieldsV1/f:spec/f:replicas" };
  const cases: { title: string; entries: ManagedFieldsEntry[]; replicas?: number; patch: unknown[] }[] = [
    { title: "nothing after an apply", entries: [byApply], patch: [] },
    { title: "nothing of an object that is not ours", entries: [byOther], patch: [] },
    { title: "our POST's entry becomes an apply's", entries: [byOther, byCreate], patch: [rv, ...adopt(1)] },
    { title: "replicas are released when an autoscaler takes over", entries: [scaled(byApply)], patch: [rv, release] },
    { title: "replicas are kept while we set them", entries: [scaled(byApply)], replicas: 3, patch: [] },
    { title: "both at once", entries: [scaled(byCreate)], patch: [rv, ...adopt(0), release] },
  ];
  for (const { title, entries, replicas, patch } of cases) {
    it(title, () => {
      const object = live(entries);
      const manifest = { ...wanted, spec: { ...wanted.spec, ...(replicas === undefined ? {} : { replicas }) } };
      assert.deepEqual(ownershipPatch({ metadata: object.metadata, owned: ownership(object) }, manifest), patch);
    });
  }
});
