/**
 * Session ids and ufrags begin with the tag of the pod that owns the session. A pod compares the tag with those of the pods that exist: it
 * reads no address from what clients send. Pure.
 */
import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";

const tagged = /^([0-9a-f]{12})[./]/;

/** Returns the tag of the pod with this IP address: a digest, as clients need not learn addresses of the cluster. */
export function podTag(address: string): string {
  return createHash("sha256").update(ipaddr.process(address).toNormalizedString()).digest("hex").slice(0, 12);
}

/** Of a session id, `<tag>.…`, or a ufrag, `<tag>/…`; undefined for those of a pod without a tag. */
export function tagOf(name: string): string | undefined {
  return tagged.exec(name)?.[1];
}
