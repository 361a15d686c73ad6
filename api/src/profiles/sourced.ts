/** Values that say where they come from: a section of the guide, or a choice with its reason. */
import { joinPath } from "../schema/paths.ts";

/** The guide's headings. */
export type GuideSection =
  | "Key Performance Metrics"
  | "CUDA Configuration"
  | "Memory Management"
  | "GPU Workload Patterns"
  | "FastAPI Performance"
  | "Connection Pooling"
  | "Horizontal Pod Autoscaler (HPA)"
  | "Vertical Pod Autoscaler (VPA)"
  | "Load Balancing"
  | "CDN Integration"
  | "GPU Metrics"
  | "Development"
  | "Staging"
  | "Production"
  | "Pre-deployment"
  | "Runtime Optimization";

export interface Source {
  /** Where the guide says it, or what it says in words. Absent: the guide does not speak of it. */
  readonly section?: GuideSection;
  /** Why this value, where the guide gives none. Absent: it is the guide's own. */
  readonly why?: string;
}

/** A leaf of a profile: lists are leaves, too. */
export class Sourced<Value> {
  readonly value: Value;
  readonly source: Source;

  constructor(value: Value, source: Source) {
    this.value = value;
    this.source = source;
  }
}

/** The guide's own value. */
export function guide<const Value>(section: GuideSection, value: Value): Sourced<Value> {
  return new Sourced(value, { section });
}

/** Ours, because the guide has only words for it. */
export function chosen<const Value>(section: GuideSection, value: Value, why: string): Sourced<Value> {
  return new Sourced(value, { section, why });
}

/** Ours, because the guide says nothing about it. */
export function ours<const Value>(value: Value, why: string): Sourced<Value> {
  return new Sourced(value, { why });
}

/** A tree whose leaves are sourced, for the tree `T`. */
export type SourcedTree<T> = T extends readonly unknown[]
  ? Sourced<DeepReadonly<T>>
  : T extends object
    ? { readonly [Key in keyof T]: SourcedTree<Exclude<T[Key], undefined>> }
    : Sourced<T>;

export type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** The bare values of a tree, and the source of each leaf by its path. */
export function separate(tree: object): { values: object; sources: ReadonlyMap<string, Source> } {
  const sources = new Map<string, Source>();
  const walk = (node: object, parent: string): object =>
    Object.fromEntries(
      Object.entries(node).map(([key, child]: [string, object]) => {
        const path = joinPath(parent, key);
        if (!(child instanceof Sourced)) return [key, walk(child, path)];
        sources.set(path, child.source);
        return [key, child.value];
      }),
    );
  return { values: walk(tree, ""), sources };
}
