/**
 * The commands on a page, and the output that the page shows for them.
 *
 * A block contains commands if its language is `sh`, or if its first line begins with `$ `. In the second kind the lines
 * after a command are its output; a line `…` stands for any number of lines.
 */
import { anchorsOf, fencesOf, type Fence } from "./pages.ts";

export interface Command {
  /** The shell command, without prompt and trailing comment; continued lines are joined. */
  readonly text: string;
  /** Anchor of the heading above it. */
  readonly section: string;
  /** Line number in the page, from 1. */
  readonly line: number;
  /** Without the final newline; empty if the page shows no output. */
  readonly output: string;
}

export function commandsOf(page: string): readonly Command[] {
  return fencesOf(page).flatMap((fence) => {
    const section = sectionOf(page, fence);
    if (fence.text.startsWith("$ ")) return transcript(fence, section);
    return fence.language === "sh" ? script(fence, section) : [];
  });
}

function sectionOf(page: string, { line }: Fence): string {
  const before = page.split("\n").slice(0, line - 2);
  return [...anchorsOf(before.join("\n"))].at(-1) ?? "";
}

function script({ text, line }: Fence, section: string): readonly Command[] {
  const joined = text.replaceAll(/\\\n\s*/g, "");
  return joined.split("\n").flatMap((entry, index) => {
    const command = withoutComment(entry);
    return command === "" ? [] : [{ text: command, section, line: line + index, output: "" }];
  });
}

function transcript({ text, line }: Fence, section: string): readonly Command[] {
  let at = line;
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((entry) => {
      const [first = "", ...output] = entry.split("\n");
      const command = { text: withoutComment(first), section, line: at, output: output.join("\n").trimEnd() };
      at += entry.split("\n").length - 1;
      return command;
    });
}

function withoutComment(line: string): string {
  return line.replace(/(^|\s)# .*$/, "").trim();
}

/**
 * Returns the first line of the shown output that the program did not print in this order; undefined if it printed all.
 * Numbers, ages, generated parts of names and column widths may differ.
 */
export function missingLine(shown: string, printed: string): string | undefined {
  const lines = printed.split("\n").map(shapeOf);
  let from = 0;
  for (const line of shown.split("\n")) {
    if (line.trim() === "…" || line.trim() === "") continue;
    const found = lines.indexOf(shapeOf(line), from);
    if (found === -1) return line;
    from = found + 1;
  }
  return undefined;
}

function shapeOf(line: string): string {
  return line
    .replaceAll(/-[a-z0-9]{6,10}-[a-z0-9]{5}\b/g, "-POD")
    .replaceAll(/\d+(\.\d+)?/g, "N")
    .replaceAll(/\bN(ms|s|m|h|d)(N(ms|s|m|h))?/g, "AGE")
    .replaceAll(/[\s─]+/g, " ")
    .trim();
}
