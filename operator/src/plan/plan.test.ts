import assert from "node:assert/strict";
import { childKinds } from "../observe/child-kinds.ts";
import { manifestDigest, type Ownership } from "../kube/ownership.ts";
import type { Manifest, OwnerReference } from "../kube/object.ts";
import type { LiveChild } from "../observe/child-view.ts";
import { planChild, type Action } from "./plan.ts";

const owner = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", name: "upscaler", uid: "u-1" };
const manifest: Manifest = { apiVersion: "v1", kind: "Service", metadata: { name: "upscaler", namespace: "media" } };
const identity = { role: "service", kind: childKinds.service, name: "upscaler" } as const;
const desired = { ...identity, manifest };
const unwanted = { ...identity, manifest: null };

const ownedBy = (change: Partial<OwnerReference>): OwnerReference => ({ ...owner, controller: true, ...change });
const current: Ownership = { by: "apply", digest: manifestDigest(manifest), index: 0, ownsReplicas: false };
const drifted: Ownership = { ...current, digest: "other" };
const none: Ownership = { by: "none" };

function live(ownerReferences: OwnerReference[], owned: Ownership, deletionTimestamp?: string): LiveChild {
  const terminating = deletionTimestamp === undefined ? {} : { deletionTimestamp };
  return {
    metadata: {
      name: "upscaler",
      namespace: "media",
      uid: "c-1",
      resourceVersion: "7",
      ownerReferences,
      ...terminating,
    },
    owned,
  };
}

describe("the plan of one child", () => {
  const ours = [ownedBy({})];
  const predecessor = [ownedBy({ uid: "u-0" })];
  const foreign = [ownedBy({ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "u-9" })];
  const notController = [ownedBy({ controller: false })];
  const nothing: Action = { do: "none", child: desired };
  const wait: Action = { do: "await-removal", child: desired };
  const apply = (found: LiveChild): Action => ({ do: "apply", child: desired, manifest, live: found });
  const taken = (by: string): Action => ({ do: "taken", child: desired, by });

  const cases: {
    readonly [title: string]: {
      readonly live?: LiveChild;
      readonly served?: boolean;
      readonly action: Action;
    };
  } = {
    "creates it where there is none": { action: { do: "create", child: desired, manifest } },
    "leaves one that is in sync": { live: live(ours, current), action: nothing },
    "applies one that has drifted": { live: live(ours, drifted), action: apply(live(ours, drifted)) },
    "applies one on which it owns no field": { live: live(ours, none), action: apply(live(ours, none)) },
    "adopts one that it has created and that has no owner": {
      live: live([], drifted),
      action: apply(live([], drifted)),
    },
    "waits for one that is being deleted": { live: live(ours, current, "2026-01-01T00:00:00Z"), action: wait },
    "waits for the removal of that of a deleted service of the same name": {
      live: live(predecessor, current),
      action: wait,
    },
    "does not take over that of another controller": { live: live(foreign, none), action: taken("Deployment web") },
    "does not take over one that it has not created": {
      live: live([], none),
      action: taken("an object that gpumedia did not create"),
    },
    "applies one that it owns without being its controller, as its Deployment": {
      live: live(notController, drifted),
      action: apply(live(notController, drifted)),
    },
    "skips it where its API is not served": { served: false, action: { do: "skip", child: desired } },
  };
  for (const [title, { live: found, served = true, action }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(planChild(owner, desired, found, served), action));
  }

  const switchedOff: { readonly [title: string]: { readonly live?: LiveChild; readonly deletes: boolean } } = {
    "deletes it": { live: live(ours, current), deletes: true },
    "leaves one without an owner": { live: live([], current), deletes: false },
    "leaves that of a deleted service of the same name": { live: live(predecessor, current), deletes: false },
    "leaves that of another controller": { live: live(foreign, current), deletes: false },
    "does nothing where there is none": { deletes: false },
  };
  for (const [title, { live: found, deletes }] of Object.entries(switchedOff)) {
    for (const served of [true, false]) {
      it(`${title} when it is switched off and its API is ${served ? "" : "not "}served`, () => {
        const action: Action = deletes
          ? { do: "delete", child: unwanted, uid: "c-1" }
          : { do: "none", child: unwanted };
        assert.deepEqual(planChild(owner, unwanted, found, served), action);
      });
    }
  }

  it("leaves one as admission has made it, until it should be different or has changed", () => {
    const admitted = { sent: manifestDigest(manifest), stored: "other" };
    const found = live(ours, drifted);
    assert.deepEqual(planChild(owner, desired, found, true, { admitted }), nothing);
    assert.deepEqual(planChild(owner, desired, found, true, { admitted: { ...admitted, sent: "old" } }), apply(found));
    assert.deepEqual(planChild(owner, desired, found, true, { admitted: { ...admitted, stored: "x" } }), apply(found));
    assert.deepEqual(planChild(owner, desired, live(ours, current), true, { admitted }), nothing);
  });

  it("looks up one that the cache has lost when it is switched off and its API is served", () => {
    assert.deepEqual(planChild(owner, unwanted, undefined, true, { lost: true }), { do: "look-up", child: unwanted });
    assert.deepEqual(planChild(owner, unwanted, undefined, false, { lost: true }), { do: "none", child: unwanted });
    const found = live(ours, current);
    assert.deepEqual(planChild(owner, unwanted, found, true, { lost: true }), {
      do: "delete",
      child: unwanted,
      uid: "c-1",
    });
  });
});
