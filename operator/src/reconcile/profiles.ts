/** The status of the GpuMediaProfiles: whether services can use them, and how many do. */
import { builtInProfileNames, type GpuMediaProfileStatus } from "@gpumedia/api";
import { resolveProfile, type ProfileLookup } from "../effective/profiles.ts";
import { digest } from "../kube/digest.ts";
import { ApiError } from "../kube/errors.ts";
import { replaceStatus } from "../kube/exact-writes.ts";
import type { ObjectKey } from "../kube/object.ts";
import { profileName, profileType, type ClusterCache, type StoredProfile } from "../observe/cluster-cache.ts";
import { toFailure } from "../plan/failure.ts";
import { timestamp, type Clock } from "../runtime/clock.ts";
import { currentOf, previousOf } from "../runtime/store.ts";
import type { Next } from "../runtime/workers.ts";
import { conditions, isFalse, isTrue, type Verdict } from "../status/condition.ts";
import type { profileReasons } from "../status/reasons.ts";
import type { Pass } from "./pass.ts";
import { requeue } from "./requeue.ts";

export interface ProfilesPass extends Pick<Pass, "client"> {
  readonly cache: Pick<ClusterCache, "profiles" | "servicesOfProfile">;
  readonly clock: Pick<Clock, "wall">;
}

/** All profiles are reconciled together: each may be the base of another. */
export const profilesKey: ObjectKey = "/profiles";

export async function reconcileProfiles({ client, cache, clock }: ProfilesPass): Promise<Next> {
  const profiles = new Map([...cache.profiles.values()].map((profile) => [profile.metadata.name, profile]));
  const users = userCounts(profiles, (name) => cache.servicesOfProfile(name).length);
  for (const [name, profile] of profiles) {
    const status = profileStatus(profile, profiles, users.get(name) ?? 0, timestamp(clock.wall()));
    if (digest(profile.status) === digest(status)) continue;
    try {
      cache.profiles.observeWrite(await replaceStatus(client, profileType, profile.metadata, status));
    } catch (error) {
      // Deleted, or deleted and created again: the watch requeues.
      if (error instanceof ApiError && (error.status === 404 || error.status === 422)) continue;
      return requeue(toFailure(error, `GpuMediaProfile ${name}`), undefined);
    }
  }
  return { kind: "done" };
}

/** Calls back when a reconcile may change a status. */
export function onProfileUse({ profiles, services }: ClusterCache, callback: () => void): void {
  profiles.subscribe(({ origin }) => origin === "write" || callback());
  services.subscribe((change) => {
    const [before, now] = [previousOf(change), currentOf(change)];
    if ((before && profileName(before)) !== (now && profileName(now))) callback();
  });
}

/** Returns how many services use each profile, also through `basedOn`. */
function userCounts(
  profiles: ProfileLookup & Pick<ReadonlyMap<string, StoredProfile>, "keys">,
  usersOf: (name: string) => number,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of new Set([...profiles.keys(), ...builtInProfileNames])) {
    const resolved = resolveProfile(name, profiles);
    const chain = resolved.kind === "Resolved" ? resolved.objects.map(({ metadata }) => metadata.name) : resolved.chain;
    for (const base of new Set(chain)) counts.set(base, (counts.get(base) ?? 0) + usersOf(name));
  }
  return counts;
}

function profileStatus(
  { metadata, status }: StoredProfile,
  profiles: ProfileLookup,
  services: number,
  now: string,
): GpuMediaProfileStatus {
  const { generation = 0 } = metadata;
  const ready = readyVerdict(metadata.name, profiles);
  return {
    observedGeneration: generation,
    conditions: conditions({ Ready: ready }, status?.conditions ?? [], generation, now),
    services,
  };
}

function readyVerdict(name: string, profiles: ProfileLookup): Verdict<keyof typeof profileReasons> {
  const resolved = resolveProfile(name, profiles);
  if (resolved.kind !== "Resolved") return isFalse(resolved.kind, resolved.message);
  const [, ...bases] = [...resolved.objects.map((object) => object.metadata.name), `the built-in ${resolved.builtIn}`];
  return isTrue("Resolved", `based on ${bases.join(", which is based on ")}`);
}
