/** What `render` and `explain` begin with: the services in the files, complete, or all that keeps them from being so. */
import { effectiveService } from "../../effective/effective.ts";
import type { EffectiveService, Origin } from "../../effective/service.ts";
import { check } from "../check.ts";
import { contentsOf, nameOf, profilesIn, servicesIn, type LocatedFinding } from "../objects.ts";
import { readSources } from "../sources.ts";
import { UsageError, type Terminal } from "../terminal.ts";

export interface FileFlags {
  readonly filename: readonly string[];
  readonly recursive: boolean;
}

export interface ServiceFlags extends FileFlags {
  readonly profiles: readonly string[];
  readonly processorImage: string;
  readonly processorImageCpu: string;
}

export interface CompleteService {
  readonly service: EffectiveService;
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Undefined after having said what is wrong. */
export async function completeServices(
  flags: ServiceFlags,
  terminal: Terminal,
): Promise<readonly CompleteService[] | undefined> {
  const sources = await readSources([...flags.filename, ...flags.profiles], flags.recursive, terminal);
  const contents = contentsOf(sources);
  const { findings } = check(contents);
  if (findings.length > 0) {
    terminal.err(findings.map(findingLine).join(""));
    return undefined;
  }
  const profiles = profilesIn(contents.objects);
  const services = servicesIn(contents.objects).map((service) => ({
    service,
    effective: effectiveService(service, profiles, flags),
  }));
  if (services.length === 0) throw new UsageError(`there is no GpuMediaService in ${flags.filename.join(", ")}`);
  const wrong = services.filter(({ effective }) => effective.kind !== "Effective");
  for (const { service, effective } of wrong) {
    const message = effective.kind === "Effective" ? "" : effective.message;
    const hint = effective.kind === "UnknownProfile" ? "; --profiles FILE names its file" : "";
    terminal.err(`${nameOf({ kind: "GpuMediaService", value: service })}: ${message}${hint}\n`);
  }
  return wrong.length > 0
    ? undefined
    : services.flatMap(({ effective }) => (effective.kind === "Effective" ? [effective] : []));
}

/** `FILE:LINE:COLUMN: PATH: MESSAGE`, as compilers write it, so that editors find the place. */
export function findingLine({ file, line, column, path, message }: LocatedFinding): string {
  const where = path === undefined || path === "" ? "" : `${path}: `;
  return `${file}:${line}:${column}: ${where}${message}\n`;
}
