/**
 * Plans what to do about each child, from the desired and the live object. Pure.
 *
 * | desired | live                                   | action            |
 * | ------- | -------------------------------------- | ----------------- |
 * | yes     | none                                   | create            |
 * | yes     | ours, in sync                          | none              |
 * | yes     | ours or an orphan, not in sync         | apply             |
 * | yes     | terminating, or its owner was deleted  | await its removal |
 * | yes     | not managed by this operator           | taken             |
 * | yes     | its API is not served                  | skip              |
 * | no      | ours                                   | delete            |
 * | no      | any other, or none                     | none              |
 */
import type { DesiredChild } from "../desired/children.ts";
import type { EffectiveService } from "../effective/service.ts";
import { inSync, type Admitted } from "../kube/ownership.ts";
import type { Manifest } from "../kube/object.ts";
import type { LiveChild } from "../observe/child-view.ts";
import { ownerOf } from "../observe/owner.ts";

/** The service that the children belong to. */
export type Owner = EffectiveService["owner"];

export type Action =
  | { readonly do: "create"; readonly child: DesiredChild; readonly manifest: Manifest }
  | { readonly do: "apply"; readonly child: DesiredChild; readonly manifest: Manifest; readonly live: LiveChild }
  | { readonly do: "delete"; readonly child: DesiredChild; readonly uid: string }
  /** It may exist although it is missing from the cache: get it, then plan again. */
  | { readonly do: "look-up"; readonly child: DesiredChild }
  | { readonly do: "await-removal"; readonly child: DesiredChild }
  | { readonly do: "taken"; readonly child: DesiredChild; readonly by: string }
  | { readonly do: "skip"; readonly child: DesiredChild }
  | { readonly do: "none"; readonly child: DesiredChild };

/** What is known of a child besides its live object. */
export interface Known {
  /** The cache has had the child and does not have it now, which a removed label causes as well as a deletion. */
  readonly lost?: boolean;
  /** What admission has made of it. */
  readonly admitted?: Admitted | undefined;
}

export function planChild(
  owner: Owner,
  child: DesiredChild,
  live: LiveChild | undefined,
  served: boolean,
  { lost = false, admitted }: Known = {},
): Action {
  const { manifest } = child;
  if (manifest === null) {
    if (live === undefined && served && lost) return { do: "look-up", child };
    const isOurs = live !== undefined && claim(owner, live) === "ours";
    return isOurs ? { do: "delete", child, uid: live.metadata.uid } : { do: "none", child };
  }
  if (!served) return { do: "skip", child };
  if (live === undefined) return { do: "create", child, manifest };
  const claimed = claim(owner, live);
  if (claimed === "foreign") return { do: "taken", child, by: holder(live) };
  if (claimed === "predecessor" || live.metadata.deletionTimestamp !== undefined) return { do: "await-removal", child };
  return inSync(live.owned, manifest, admitted) ? { do: "none", child } : { do: "apply", child, manifest, live };
}

type Claim =
  /** Its owner is this service. */
  | "ours"
  /** It has no owner, but this operator created it: `kubectl delete --cascade=orphan` leaves such children. */
  | "orphan"
  /** Its owner was a deleted service of the same name: garbage collection will delete it. */
  | "predecessor"
  | "foreign";

/** Whether the child belongs to this service, and not to a deleted service of the same name or to another owner. */
export function isOwn(owner: Owner, live: LiveChild): boolean {
  const claimed = claim(owner, live);
  return claimed === "ours" || claimed === "orphan";
}

function claim(owner: Owner, live: LiveChild): Claim {
  const holding = ownerOf(live.metadata);
  if (holding === undefined) return live.owned.by === "none" ? "foreign" : "orphan";
  if (holding.uid === owner.uid) return "ours";
  const sameName =
    holding.apiVersion === owner.apiVersion && holding.kind === owner.kind && holding.name === owner.name;
  return sameName ? "predecessor" : "foreign";
}

function holder(live: LiveChild): string {
  const holding = ownerOf(live.metadata);
  return holding === undefined ? "an object that gpumedia did not create" : `${holding.kind} ${holding.name}`;
}
