/** The output of the demo: its steps, their details, and commands with their output. */
import type { Terminal } from "../cluster/tools-progress.ts";

export interface Steps {
  /** Prints the title at the start (on a terminal), and whether it succeeded and how long it took at the end. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  /** Prints an indented line within a step. */
  readonly detail: (text: string) => void;
  /** Prints lines between the steps. */
  readonly text: (lines: string) => void;
  /** Prints a command, as a user would type it, and its output. */
  readonly command: (command: string, output: string) => void;
}

/** Fits the screenshots in the docs. */
const columns = 100;
const indent = "    ";

const clearLine = "\r\u001B[2K";

export function createSteps(terminal: Terminal, now: () => number = () => performance.now()): Steps {
  let current: string | undefined;

  function line(text: string): void {
    terminal.write(`${current !== undefined && terminal.isTTY === true ? clearLine : ""}${text}\n`);
    if (current !== undefined && terminal.isTTY === true) terminal.write(current);
  }

  return {
    async step(title, work) {
      const startedAt = now();
      const seconds = (): string => ((now() - startedAt) / 1000).toFixed(1);
      const end = (mark: string): void => {
        if (terminal.isTTY === true) terminal.write(clearLine);
        current = undefined;
        line(`${mark} ${title} (${seconds()} s)`);
      };
      current = `… ${title}`;
      if (terminal.isTTY === true) terminal.write(current);
      try {
        const result = await work();
        end("✓");
        return result;
      } catch (error) {
        end("✗");
        throw error;
      }
    },
    detail: (text) => line(wrapped(text, columns - indent.length).join("\n")),
    text: line,
    command: (command, output) => line(`\n$ ${command}\n${output.trimEnd()}`),
  };
}

/** Indented lines of whole words; a longer word is on its own line. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (longer.length > width && current !== "") lines.push(current);
    current = longer.length > width ? word : longer;
  }
  return [...lines, current].map((each) => `${indent}${each}`);
}
