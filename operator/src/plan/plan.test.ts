import assert from "node:assert/strict";
import { childKinds } from "../observe/child-kinds.ts";
import { manifestDigest, type Ownership } from "../kube/ownership.ts";
import type { Manifest, OwnerReference } from "../kube/object.ts";
import type { LiveChild } from "../observe/child-view.ts";
import { planChild } from "./plan.ts";

const owner = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", name: "upscaler", uid: "u-1" };
const manifest: Manifest = { apiVersion: "v1", kind: "Service", metadata: { name: "upscaler", namespace: "media" } };

const ownedBy = (change: Partial<OwnerReference>): OwnerReference => ({ ...owner, controller: true, ...change });
const asWanted: Ownership = { by: "apply", digest: manifestDigest(manifest), index: 0, ownsReplicas: false };
const drifted: Ownership = { ...asWanted, digest: "other" };
const nobody: Ownership = { by: "none" };

function live(ownerReferences: OwnerReference[], owned: Ownership, deletionTimestamp?: string): LiveChild {
  const going = deletionTimestamp === undefined ? {} : { deletionTimestamp };
  return {
    metadata: { name: "upscaler", namespace: "media", uid: "c-1", resourceVersion: "7", ownerReferences, ...going },
    owned,
  };
}

describe("plan of one child", () => {
  const ours = [ownedBy({})];
  const predecessor = [ownedBy({ uid: "u-0" })];
  const foreign = [ownedBy({ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "u-9" })];
  const notController = [ownedBy({ controller: false })];
  const cases: { title: string; wanted: boolean; live?: LiveChild; served?: boolean; does: string; by?: string }[] = [
    { title: "wanted, nothing there", wanted: true, does: "create" },
    { title: "wanted, ours and as wanted", wanted: true, live: live(ours, asWanted), does: "none" },
    { title: "wanted, ours and drifted", wanted: true, live: live(ours, drifted), does: "apply" },
    { title: "wanted, ours but none of its fields", wanted: true, live: live(ours, nobody), does: "apply" },
    { title: "wanted, orphaned by us", wanted: true, live: live([], drifted), does: "apply" },
    {
      title: "wanted, ours and going away",
      wanted: true,
      live: live(ours, asWanted, "2026-01-01T00:00:00Z"),
      does: "await-removal",
    },
    { title: "wanted, a deleted namesake's", wanted: true, live: live(predecessor, asWanted), does: "await-removal" },
    {
      title: "wanted, another controller's",
      wanted: true,
      live: live(foreign, nobody),
      does: "taken",
      by: "Deployment web",
    },
    {
      title: "wanted, nobody's and not made by us",
      wanted: true,
      live: live([], nobody),
      does: "taken",
      by: "an object that gpumedia did not create",
    },
    {
      title: "wanted, we are an owner but not the controller",
      wanted: true,
      live: live(notController, nobody),
      does: "taken",
      by: "an object that gpumedia did not create",
    },
    { title: "wanted, its API is not served", wanted: true, served: false, does: "skip" },
    { title: "not wanted, nothing there", wanted: false, does: "none" },
    { title: "not wanted, ours", wanted: false, live: live(ours, asWanted), does: "delete" },
    { title: "not wanted, orphaned by us", wanted: false, live: live([], asWanted), does: "none" },
    { title: "not wanted, a deleted namesake's", wanted: false, live: live(predecessor, asWanted), does: "none" },
    { title: "not wanted, another controller's", wanted: false, live: live(foreign, asWanted), does: "none" },
    { title: "not wanted, its API is not served", wanted: false, served: false, does: "none" },
  ];
  for (const test of cases) {
    it(`${test.title}: ${test.does}`, () => {
      const child = {
        role: "service" as const,
        kind: childKinds.service,
        name: "upscaler",
        manifest: test.wanted ? manifest : null,
      };
      const action = planChild(owner, child, test.live, test.served ?? true);
      assert.equal(action.do, test.does);
      if (action.do === "taken") assert.equal(action.by, test.by);
      if (action.do === "delete") assert.equal(action.uid, "c-1");
    });
  }
});
