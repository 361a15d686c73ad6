/** Values with their source: a section of the performance guide, or a reason. */
import { joinPath } from "../schema/paths.ts";

/** The headings of the guide. */
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
  /** The section of the guide on the setting. Absent when the guide does not cover it. */
  readonly section?: GuideSection;
  /** The reason for a value that is not in the guide. Absent for the guide's values. */
  readonly why?: string;
}

/** A leaf of a profile. Lists are leaves. */
export class Sourced<Value> {
  readonly value: Value;
  readonly source: Source;

  constructor(value: Value, source: Source) {
    this.value = value;
    this.source = source;
  }
}

/** A value of the guide. */
export function guide<const Value>(section: GuideSection, value: Value): Sourced<Value> {
  return new Sourced(value, { section });
}

/** Our value for a setting that the guide describes without a value. */
export function chosen<const Value>(section: GuideSection, value: Value, why: string): Sourced<Value> {
  return new Sourced(value, { section, why });
}

/** Our value for a setting that the guide does not cover. */
export function ours<const Value>(value: Value, why: string): Sourced<Value> {
  return new Sourced(value, { why });
}

/** The tree `T` with sourced leaves. */
export type SourcedTree<T> = T extends readonly unknown[]
  ? Sourced<DeepReadonly<T>>
  : T extends object
    ? { readonly [Key in keyof T]: SourcedTree<Exclude<T[Key], undefined>> }
    : Sourced<T>;

export type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Returns the values of a tree, and the source of each leaf by its path. */
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
