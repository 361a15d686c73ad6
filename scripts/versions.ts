/** The versions in this tree's manifests. Pure. */

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const processor = "@gpumedia/processor";

/** The processor or everything else: see docs/releasing.md. */
export type Part = "processor" | "rest";

/** Sets the version of a part in a manifest; versions of the other part are unchanged. */
export function withVersion<Of extends Manifest>(manifest: Of, version: string, part: Part): Of {
  const isOfPart = (name: string): boolean => (name === processor) === (part === "processor");
  const { dependencies } = manifest;
  const moved = Object.entries(dependencies ?? {}).map(([name, range]) => {
    const isOurs = name.startsWith("@gpumedia/") && isOfPart(name);
    return [name, isOurs ? version : range] as const;
  });
  return {
    ...manifest,
    version: isOfPart(manifest.name) ? version : manifest.version,
    ...(dependencies === undefined ? {} : { dependencies: Object.fromEntries(moved) }),
  };
}

/** Sets the tag of the processor's image in the source of the chart's values. */
export function withProcessorTag(source: string, version: string): string {
  return source.replace(/(const processorImage = "[^":]+:)[^"]+"/, `$1${version}"`);
}
