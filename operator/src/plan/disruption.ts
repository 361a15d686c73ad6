/**
 * Decides which pods Karpenter must not disrupt: those whose replacement would repeat a model load that has only just begun,
 * or break sessions. Otherwise it may consolidate their node: a lasting annotation would keep every GPU node for ever. Pure.
 */

export interface DisruptablePod {
  readonly name: string;
  readonly uid: string;
  /** It loads its model or has sessions, or did a moment ago. */
  readonly needed: boolean;
  /** Its annotation; undefined: it has none. */
  readonly doNotDisrupt: { readonly ours: boolean } | undefined;
}

export interface DisruptionChange {
  readonly name: string;
  readonly uid: string;
  readonly protect: boolean;
}

/** Leaves out pods that have the annotation from elsewhere, and pods that are as they should be. */
export function disruptionChanges(pods: readonly DisruptablePod[]): readonly DisruptionChange[] {
  return pods
    .filter(({ needed, doNotDisrupt }) => doNotDisrupt?.ours !== false && needed !== (doNotDisrupt !== undefined))
    .map(({ name, uid, needed }) => ({ name, uid, protect: needed }));
}
