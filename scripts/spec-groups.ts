/**
 * The end-to-end specs by directory. Each group is one mocha run, whose specs share clusters. A large directory is several groups, which
 * run beside each other. The largest comes first: the last one to run is then a short one. Pure.
 */
import { basename, dirname } from "node:path";

const mostFiles = 12;

export interface SpecGroup {
  readonly name: string;
  readonly files: readonly string[];
}

export function specGroups(files: readonly string[]): readonly SpecGroup[] {
  const directories = Object.entries(Object.groupBy(files, dirname));
  const groups = directories.flatMap(([directory, all = []]) => {
    const parts = Math.ceil(all.length / mostFiles);
    // Dealt out: files with similar names, which come one after another, take a similar time.
    return Array.from({ length: parts }, (_, part) => ({
      name: basename(directory) + (parts === 1 ? "" : ` ${part + 1}/${parts}`),
      files: all.filter((_file, index) => index % parts === part),
    }));
  });
  return groups.toSorted((a, b) => b.files.length - a.files.length);
}
