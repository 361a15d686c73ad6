/** Reads the `Server-Timing` header (W3C Server Timing, section 4.1). Pure. */

export interface StageTiming {
  readonly stage: string;
  readonly ms: number;
}

// The server is not trusted: its names become keys of the result, which must not grow without bound.
const stagesAtMost = 16;
const stageName = /^[!#$%&'*+\-.^_`|~\w]{1,32}$/;

/** The stages with a duration, in order; malformed ones are skipped. */
export function parseServerTiming(header: string): StageTiming[] {
  const stages: StageTiming[] = [];
  for (const entry of splitOutsideQuotes(header, ",")) {
    const [stage = "", ...parameters] = splitOutsideQuotes(entry, ";");
    const ms = parameters.map(durationOf).find((value) => value !== undefined);
    if (ms !== undefined && stageName.test(stage)) stages.push({ stage, ms });
    if (stages.length === stagesAtMost) break;
  }
  return stages;
}

/** The value of a `dur` parameter; undefined for other parameters and invalid values. */
function durationOf(parameter: string): number | undefined {
  const value = /^dur\s*=\s*"?(\d{1,9}(?:\.\d+)?)"?$/i.exec(parameter)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** The trimmed parts between separators; one inside a quoted string, as in `desc="a, b"`, does not separate. */
function splitOutsideQuotes(text: string, separator: "," | ";"): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  let escaped = false;
  for (const character of text) {
    if (character === '"' && !escaped) quoted = !quoted;
    escaped = quoted && !escaped && character === "\\";
    if (character === separator && !quoted) {
      parts.push(part.trim());
      part = "";
    } else {
      part += character;
    }
  }
  parts.push(part.trim());
  return parts;
}
