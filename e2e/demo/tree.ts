/** A tree of objects by their owner references. Pure. */

export interface OwnedObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** One line per object; the objects of a branch are sorted by kind and name. */
export function ownerTree(root: OwnedObject, objects: readonly OwnedObject[]): readonly string[] {
  const rows = branch(root, objects, "", "");
  const width = Math.max(...rows.map(({ label }) => label.length));
  return rows.map(({ label, state }) => `${label.padEnd(width)}  ${state}`.trimEnd());
}

interface Row {
  readonly label: string;
  readonly state: string;
}

function branch(object: OwnedObject, objects: readonly OwnedObject[], lead: string, rest: string): readonly Row[] {
  const owned = objects
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) === true)
    .toSorted((a, b) => titleOf(a).localeCompare(titleOf(b)));
  const below = owned.flatMap((child, index) =>
    index === owned.length - 1
      ? branch(child, objects, `${rest}└── `, `${rest}    `)
      : branch(child, objects, `${rest}├── `, `${rest}│   `),
  );
  return [{ label: lead + titleOf(object), state: stateOf(object) }, ...below];
}

function titleOf({ kind, metadata }: OwnedObject): string {
  return `${kind} ${metadata.name}`;
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/** A summary of the object's state; empty for most kinds. */
function stateOf({ kind, spec = {}, status = {} }: OwnedObject): string {
  switch (kind) {
    case "Deployment":
    case "ReplicaSet":
      return `${numberOf(status.readyReplicas)} of ${numberOf(spec.replicas)} ready`;
    case "HorizontalPodAutoscaler":
      return `${numberOf(spec.minReplicas)} to ${numberOf(spec.maxReplicas)} replicas`;
    case "Pod": {
      const { phase = "unknown", conditions = [] } = status as PodStatus;
      const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
      const where = typeof spec.nodeName === "string" ? ` on ${spec.nodeName}` : "";
      return `${isReady ? "Ready" : phase}${where}`;
    }
    default:
      return "";
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
