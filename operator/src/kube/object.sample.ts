/** Objects and events for tests, as the API server sends them. */
import type { WatchEvent } from "./client.ts";
import type { KubeObject, ObjectMeta } from "./object.ts";

/** A ConfigMap with complete metadata. */
export function storedObject(metadata: Partial<ObjectMeta> = {}): KubeObject {
  const identity = { name: "a", namespace: "media", uid: "u", resourceVersion: "1" };
  const creationTimestamp = "2026-01-01T00:00:00Z";
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { ...identity, creationTimestamp, ...metadata } };
}

export function bookmark(version: number): WatchEvent {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(version) } } };
}

/** The bookmark after the last initial event. */
export function initialEventsEnd(version: number): WatchEvent {
  const annotations = { "k8s.io/initial-events-end": "true" };
  return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(version), annotations } } };
}
