/**
 * The commands that a page shows, and what it says that they print.
 *
 * A block is of commands if its language is `sh`, or if its first line begins with `$ `. In the latter kind what follows a
 * command is its output; a line `…` in it stands for any lines.
 */
import { anchorsOf, fencesOf, type Fence } from "./pages.ts";

export interface Command {
  /** As a shell takes it: without prompt and trailing comment, lines that are continued joined. */
  readonly text: string;
  /** The anchor of the heading that it is below. */
  readonly section: string;
  /** In the page, from 1 on. */
  readonly line: number;
  /** Without the newline at its end; empty if the page shows none. */
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
 * The first line of an output that a page shows and the program did not print, in this order; undefined if all are there.
 * Numbers, ages, random parts of names and the widths of columns may differ.
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
