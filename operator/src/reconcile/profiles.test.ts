import assert from "node:assert/strict";
import type { KubeObject, JsonPatchOperation, ResourceType } from "../kube/object.ts";
import type { StoredProfile } from "../observe/cluster-cache.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { apiError } from "./pass.fake.ts";
import { reconcileProfiles, type ProfilesPass } from "./profiles.ts";

/** Profiles by name with their `basedOn`, and the number of services that name each. */
function fakePass(basedOn: Readonly<Record<string, string | undefined>>, services: Readonly<Record<string, number>>) {
  const stored = new Map<string, StoredProfile>();
  for (const [name, base] of Object.entries(basedOn)) {
    const metadata = { name, uid: `u-${name}`, resourceVersion: "1", generation: 1, creationTimestamp: "" };
    const spec = base === undefined ? {} : { basedOn: base };
    stored.set(name, { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaProfile", metadata, spec });
  }
  const writes: string[] = [];
  const failures = new Map<string, number>();
  const jsonPatch = async (
    _type: ResourceType,
    _namespace: string,
    name: string,
    operations: readonly JsonPatchOperation[],
  ): Promise<KubeObject> => {
    writes.push(name);
    const failure = failures.get(name);
    if (failure !== undefined) throw apiError(failure);
    const { value: status } = operations[1] as { value: StoredProfile["status"] };
    return { ...(stored.get(name) ?? assert.fail()), status } as KubeObject;
  };
  const profiles = {
    values: () => stored.values(),
    observeWrite: (object: KubeObject) => void stored.set(object.metadata.name, object as StoredProfile),
  };
  const servicesOfProfile = (name: string): readonly object[] => Array.from({ length: services[name] ?? 0 });
  const pass = { client: { jsonPatch }, cache: { profiles, servicesOfProfile }, clock: new FakeClock() };
  const shown = () =>
    Object.fromEntries(
      [...stored].map(([name, { status }]) => [name, [status?.conditions?.[0]?.reason, status?.services]]),
    );
  return { pass: pass as unknown as ProfilesPass, writes, failures, stored, shown };
}

describe("the status of profiles", () => {
  it("counts the services of a profile and of those that are based on it", async () => {
    const services = { team: 2, live: 3, production: 4, staging: 5 };
    const { pass, stored, shown } = fakePass({ team: "live", live: "production", production: undefined }, services);
    assert.deepEqual(await reconcileProfiles(pass), { kind: "done" });
    assert.deepEqual(shown(), { team: ["Resolved", 2], live: ["Resolved", 5], production: ["Resolved", 9] });
    const { message } = stored.get("team")?.status?.conditions?.[0] ?? {};
    assert.equal(message, "based on live, which is based on production, which is based on the built-in production");
  });

  it("reports what services cannot use, and how many try to", async () => {
    const { pass, stored, shown } = fakePass({ typo: "stagin", a: "b", b: "a" }, { typo: 1, a: 2 });
    await reconcileProfiles(pass);
    assert.deepEqual(shown(), { typo: ["UnknownProfile", 1], a: ["ProfileCycle", 2], b: ["ProfileCycle", 2] });
    assert.match(stored.get("typo")?.status?.conditions?.[0]?.message ?? "", /did you mean staging\?/);
  });

  it("is written only when it changes", async () => {
    const { pass, writes } = fakePass({ team: undefined }, {});
    await reconcileProfiles(pass);
    await reconcileProfiles(pass);
    assert.deepEqual(writes, ["team"]);
  });

  it("is tried again when the API server fails, and not for a profile that was deleted", async () => {
    const { pass, writes, failures } = fakePass({ deleted: undefined, other: undefined }, {});
    failures.set("deleted", 404);
    assert.deepEqual(await reconcileProfiles(pass), { kind: "done" });
    assert.deepEqual(writes, ["deleted", "other"]);
    failures.set("deleted", 500);
    assert.notDeepEqual(await reconcileProfiles(pass), { kind: "done" });
  });
});
