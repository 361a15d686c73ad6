/** `gpumedia validate` */
import { check } from "../check.ts";
import { contentsOf } from "../objects.ts";
import { readSources } from "../sources.ts";
import { exit, type ExitCode, type Terminal } from "../terminal.ts";
import { findingLine, type FileFlags } from "./files.ts";

export interface ValidateFlags extends FileFlags {
  readonly output: "text" | "json";
}

/** Findings go to standard output, one a line; what was looked at goes to standard error. */
export async function validate(flags: ValidateFlags, terminal: Terminal): Promise<ExitCode> {
  const contents = contentsOf(await readSources(flags.filename, flags.recursive, terminal));
  const { findings, unknownProfiles } = check(contents);
  if (flags.output === "json") terminal.out(`${JSON.stringify({ findings }, null, 2)}\n`);
  else terminal.out(findings.map(findingLine).join(""));

  for (const profile of unknownProfiles) {
    terminal.err(`note: profile ${profile} is in none of the files: what it sets was not looked at\n`);
  }
  const others = contents.others === 0 ? "" : `, ${counted(contents.others, "object")} of other kinds left aside`;
  terminal.err(
    `${counted(contents.objects.length, "object")} checked${others}: ${counted(findings.length, "finding")}\n`,
  );
  return findings.length === 0 ? exit.ok : exit.findings;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
