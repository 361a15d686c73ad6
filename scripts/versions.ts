/** Versions of the packages of this tree. Pure. */

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const processor = "@gpumedia/processor";

/** The processor, or everything else: see docs/releasing.md. */
export type Part = "processor" | "rest";

/** The manifest as it is when the part has this version; what of it is not of the part stays. */
export function withVersion<Of extends Manifest>(manifest: Of, version: string, part: Part): Of {
  const isOfPart = (name: string): boolean => (name === processor) === (part === "processor");
  const { dependencies } = manifest;
  const moved = Object.entries(dependencies ?? {}).map(([name, wanted]) => {
    const isOurs = name.startsWith("@gpumedia/") && isOfPart(name);
    return [name, isOurs ? version : wanted] as const;
  });
  return {
    ...manifest,
    version: isOfPart(manifest.name) ? version : manifest.version,
    ...(dependencies === undefined ? {} : { dependencies: Object.fromEntries(moved) }),
  };
}

/** The source of the chart's values, with the tag of the processor's image. */
export function withProcessorTag(source: string, version: string): string {
  return source.replace(/(const processorImage = "[^":]+:)[^"]+"/, `$1${version}"`);
}
