/** The end-to-end specs in groups that run at the same time: most of what a spec does is wait. Pure. */

export interface Shard {
  readonly name: string;
  readonly files: readonly string[];
}

/** By what the specs share: one shard per shared cluster, so that each is booted once; the last one has everything else. */
const prefixes = {
  operator: ["e2e/specs/operator/"],
  loop: ["e2e/specs/loop/", "e2e/specs/demo."],
  others: ["e2e/specs/"],
} as const;

export function shardsOf(files: readonly string[]): readonly Shard[] {
  const names = Object.keys(prefixes) as (keyof typeof prefixes)[];
  const shardOf = (file: string): string | undefined =>
    names.find((name) => prefixes[name].some((prefix) => file.startsWith(prefix)));
  return names.map((name) => ({ name, files: files.filter((file) => shardOf(file) === name) }));
}
