/** Rights as RBAC counts them, `group/resource verb`: those that rules grant, and those that requests took. */
import type { PolicyRule } from "@gpumedia/install/src/rbac.ts";
import type { AuditEvent } from "../../cluster/audit.ts";

export function grantedRights(rules: readonly PolicyRule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
      ),
    ),
  );
}

export function usedRights(requests: readonly AuditEvent[]): ReadonlySet<string> {
  return new Set(
    requests.flatMap(({ objectRef, verb }) => {
      if (objectRef === undefined) return [];
      const { apiGroup = "", resource, subresource } = objectRef;
      return [`${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`} ${verb}`];
    }),
  );
}
