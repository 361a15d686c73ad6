/** `gpumedia validate` */
import { check } from "../check.ts";
import { contentsOf } from "../objects.ts";
import { readSources } from "../sources.ts";
import { exit, type ExitCode, type Terminal } from "../terminal.ts";
import { findingLine, type FileFlags } from "./files.ts";

export interface ValidateFlags extends FileFlags {
  readonly output: "text" | "json";
}

/** Prints findings on standard output, one a line, and a summary on standard error. */
export async function validate(flags: ValidateFlags, terminal: Terminal): Promise<ExitCode> {
  const contents = contentsOf(await readSources(flags.filename, flags.recursive, terminal));
  const { findings, unknownProfiles } = check(contents);
  if (flags.output === "json") terminal.out(`${JSON.stringify({ findings }, null, 2)}\n`);
  else terminal.out(findings.map(findingLine).join(""));

  for (const { name, suggestion } of unknownProfiles) {
    const hint = suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;
    terminal.err(`note: profile ${name} is not in these files, so its values were not checked${hint}\n`);
  }
  const [first, ...more] = contents.skipped;
  if (first !== undefined) {
    const rest = more.length === 0 ? "" : ` and ${counted(more.length, "other file")}`;
    terminal.err(`note: skipped ${first}${rest}: no Kubernetes objects\n`);
  }
  const others = contents.others === 0 ? "" : `, ${counted(contents.others, "object")} of other kinds skipped`;
  terminal.err(
    `${counted(contents.objects.length, "object")} checked${others}: ${counted(findings.length, "finding")}\n`,
  );
  return findings.length === 0 ? exit.ok : exit.findings;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
