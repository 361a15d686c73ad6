/** The end-to-end specs in shards that run at the same time: each of them leaves more than half of two cores idle. Pure. */

export interface Shard {
  readonly name: string;
  readonly files: readonly string[];
}

/** Specs that share a cluster are in one shard, so that it boots once. The two take about the same CPU time. */
const prefixes = { operator: "e2e/specs/operator/", others: "e2e/specs/" } as const;

export function shardsOf(files: readonly string[]): readonly Shard[] {
  const names = Object.keys(prefixes) as (keyof typeof prefixes)[];
  const shardOf = (file: string): string | undefined => names.find((name) => file.startsWith(prefixes[name]));
  return names.map((name) => ({ name, files: files.filter((file) => shardOf(file) === name) }));
}
