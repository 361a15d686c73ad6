/**
 * The end-to-end specs by directory. Each group is one mocha run, whose specs share clusters. The largest comes first: the last
 * one to run is then a short one. Pure.
 */
import { dirname } from "node:path";

export function specGroups(files: readonly string[]): readonly (readonly string[])[] {
  const groups = Object.values(Object.groupBy(files, dirname)).filter((group) => group !== undefined);
  return groups.toSorted((a, b) => b.length - a.length);
}
