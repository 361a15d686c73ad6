/** Reads the services that `render` and `explain` print, complete with their profiles' values. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
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
  /** As the file has it, which `kubectl get -o yaml` may have written. */
  readonly status: GpuMediaServiceStatus | undefined;
  readonly service: EffectiveService;
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Returns undefined after printing findings. */
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
  if (services.length === 0) throw new UsageError(`no GpuMediaService in ${flags.filename.join(", ")}`);
  const failed = services.filter(({ effective }) => effective.kind !== "Effective");
  for (const { service, effective } of failed) {
    const message = effective.kind === "Effective" ? "" : effective.message;
    const hint = effective.kind === "UnknownProfile" ? "; --profiles FILE reads it" : "";
    terminal.err(`${nameOf({ kind: "GpuMediaService", value: service })}: ${message}${hint}\n`);
  }
  return failed.length > 0
    ? undefined
    : services.flatMap(({ service: { status }, effective }) =>
        effective.kind === "Effective" ? [{ ...effective, status }] : [],
      );
}

/** `FILE:LINE:COLUMN: PATH: MESSAGE`, the format of compilers, which editors can follow. */
export function findingLine({ file, line, column, path, message }: LocatedFinding): string {
  const where = path === undefined || path === "" ? "" : `${path}: `;
  return `${file}:${line}:${column}: ${where}${message}\n`;
}
