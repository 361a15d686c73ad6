/** What a user may do, and what it did according to the audit log. A permission is `group/resource verb`. */
import type { PolicyRule } from "@gpumedia/install/src/rbac.ts";
import { writeVerbs, type AuditEvent } from "../../cluster/audit.ts";

/** Returns the permissions that rules grant. */
export function grantedRights(rules: readonly PolicyRule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
      ),
    ),
  );
}

/** Returns the permissions that requests need. */
export function usedRights(requests: readonly AuditEvent[]): ReadonlySet<string> {
  return new Set(
    requests.flatMap(({ objectRef, verb }) => {
      if (objectRef === undefined) return [];
      const { apiGroup = "", resource, subresource } = objectRef;
      return [`${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`} ${verb}`];
    }),
  );
}

/** Returns the URIs of the requests that RBAC refused. */
export function forbidden(requests: readonly AuditEvent[]): readonly string[] {
  return requests.filter(({ responseStatus }) => responseStatus?.code === 403).map(({ requestURI }) => requestURI);
}

/** Returns the namespaces of the write requests. */
export function writtenNamespaces(requests: readonly AuditEvent[]): ReadonlySet<string | undefined> {
  const writes = requests.filter(({ verb }) => (writeVerbs as readonly string[]).includes(verb));
  return new Set(writes.map(({ objectRef }) => objectRef?.namespace));
}
