/** Writes an annotation of a running pod, or removes it. */
import { ApiError } from "../kube/errors.ts";
import { podType } from "../observe/cluster-cache.ts";
import type { Logger } from "../runtime/log.ts";
import type { Pass } from "./pass.ts";
import type { SnapshotSource } from "./snapshot.ts";

export interface PodAnnotation {
  readonly pod: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly name: string;
  /** Undefined: the operator's annotation is removed. */
  readonly value: string | undefined;
  /** One for each annotation: an apply removes what else its field manager owns. */
  readonly fieldManager: string;
  /** What happens without the write, for the log. */
  readonly otherwise: string;
}

export interface PodAnnotationContext {
  readonly client: Pick<Pass["client"], "apply">;
  readonly snapshots: Pick<SnapshotSource, "written">;
}

/** Never fails: no annotation is a reason to stop a reconcile. */
export async function annotatePod(
  { pod, name, value, fieldManager, otherwise }: PodAnnotation,
  { client, snapshots }: PodAnnotationContext,
  log: Logger,
): Promise<void> {
  // An apply without a field that only this field manager owns removes the field.
  const annotations = value === undefined ? {} : { annotations: { [name]: value } };
  const manifest = { apiVersion: "v1", kind: "Pod", metadata: { ...pod, ...annotations } };
  try {
    // Without force: a value that another field manager has set meanwhile stays.
    snapshots.written(podType, await client.apply(podType, manifest, { fieldManager, force: false }));
    log.debug({ pod: pod.name, [name]: value }, "set an annotation of the pod");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 || error.status === 409) return;
    log.warn({ error, pod: pod.name }, `could not set the pod's annotation ${name}; ${otherwise}`);
  }
}
