/**
 * What to do about each child, from what is wanted and what is there.
 *
 * | wanted | there                               | action            |
 * | ------ | ----------------------------------- | ----------------- |
 * | yes    | nothing                             | create            |
 * | yes    | ours, as wanted                     | none              |
 * | yes    | ours or an orphan, not as wanted    | apply             |
 * | yes    | going away, or its owner is gone    | await its removal |
 * | yes    | somebody else's                     | taken             |
 * | yes    | its API is not served               | skip              |
 * | no     | ours                                | delete            |
 * | no     | anything else, or nothing           | none              |
 */
import type { DesiredChild } from "../desired/children.ts";
import { inSync } from "../kube/ownership.ts";
import type { Manifest } from "../kube/object.ts";
import type { LiveChild } from "../observe/child-view.ts";

/** The service that the children belong to. */
export interface Owner {
  readonly uid: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

export type Action =
  | { readonly do: "create"; readonly child: DesiredChild; readonly manifest: Manifest }
  | { readonly do: "apply"; readonly child: DesiredChild; readonly manifest: Manifest; readonly live: LiveChild }
  | { readonly do: "delete"; readonly child: DesiredChild; readonly uid: string }
  | { readonly do: "await-removal"; readonly child: DesiredChild }
  | { readonly do: "taken"; readonly child: DesiredChild; readonly by: string }
  | { readonly do: "skip"; readonly child: DesiredChild }
  | { readonly do: "none"; readonly child: DesiredChild };

export function planChild(owner: Owner, child: DesiredChild, live: LiveChild | undefined, served: boolean): Action {
  const { manifest } = child;
  const whose = live === undefined ? "nobody's" : claim(owner, live);
  if (manifest === null) {
    return live !== undefined && whose === "ours"
      ? { do: "delete", child, uid: live.metadata.uid }
      : { do: "none", child };
  }
  if (!served) return { do: "skip", child };
  if (live === undefined) return { do: "create", child, manifest };
  if (whose === "foreign") return { do: "taken", child, by: holder(live) };
  if (whose === "predecessor" || live.metadata.deletionTimestamp !== undefined) return { do: "await-removal", child };
  return inSync(live.owned, manifest) ? { do: "none", child } : { do: "apply", child, manifest, live };
}

type Claim =
  /** Its controller is this very service. */
  | "ours"
  /** It has no controller, but we made it: `kubectl delete --cascade=orphan` leaves such children. */
  | "orphan"
  /** Its controller was a service of the same name that has been deleted: garbage collection will remove it. */
  | "predecessor"
  | "foreign";

function claim(owner: Owner, live: LiveChild): Claim {
  const controller = controllerOf(live);
  if (controller === undefined) return live.owned.by === "none" ? "foreign" : "orphan";
  if (controller.uid === owner.uid) return "ours";
  const sameName =
    controller.apiVersion === owner.apiVersion && controller.kind === owner.kind && controller.name === owner.name;
  return sameName ? "predecessor" : "foreign";
}

function holder(live: LiveChild): string {
  const controller = controllerOf(live);
  return controller === undefined ? "an object that gpumedia did not create" : `${controller.kind} ${controller.name}`;
}

function controllerOf(live: LiveChild): { apiVersion: string; kind: string; name: string; uid: string } | undefined {
  return live.metadata.ownerReferences?.find(({ controller }) => controller === true);
}
