/**
 * Paths of a container, as paths of this machine. Pure.
 *
 * A process has no root file system of its own: a mounted file is where the node keeps it, and what the container is told
 * of it, in its arguments and variables, is told that place.
 */

/** Directories or files of this machine by the container's path. */
export type Mounts = ReadonlyMap<string, string>;

/** A word that is a mounted path, or `--flag=` and one, or below one. Anything else stays as it is. */
export function localPath(word: string, mounts: Mounts): string {
  const [, flag = "", path = ""] = /^(-[^=]*=)?(.*)$/s.exec(word) ?? [];
  // The longest first: a mount may be within another.
  for (const [mountPath, local] of [...mounts].toSorted(([a], [b]) => b.length - a.length)) {
    if (path === mountPath) return `${flag}${local}`;
    if (path.startsWith(`${mountPath}/`)) return `${flag}${local}${path.slice(mountPath.length)}`;
  }
  return word;
}
