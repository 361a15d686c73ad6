/**
 * Paths of a container, as paths of this machine. Pure.
 *
 * The processes share this machine's root file system: a mounted file stays where the node keeps it, and paths in arguments
 * and variables are rewritten to that place.
 */

/** Directories or files of this machine by the container's path. */
export type Mounts = ReadonlyMap<string, string>;

/** Rewrites a mounted path, or one below it, also after `--flag=`. Any other word is unchanged. */
export function localPath(word: string, mounts: Mounts): string {
  const [, flag = "", path = ""] = /^(-[^=]*=)?(.*)$/s.exec(word) ?? [];
  // The longest first: mounts may be nested.
  for (const [mountPath, local] of [...mounts].toSorted(([a], [b]) => b.length - a.length)) {
    if (path === mountPath) return `${flag}${local}`;
    if (path.startsWith(`${mountPath}/`)) return `${flag}${local}${path.slice(mountPath.length)}`;
  }
  return word;
}
