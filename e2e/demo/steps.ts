/** The lines that say what the demo is doing. */
import type { Terminal } from "../cluster/tools-progress.ts";

export interface Steps {
  /** Does something, and says that it is begun (on a terminal), done or failed, and how long it took. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  /** Something worth knowing within a step. */
  readonly detail: (text: string) => void;
  /** Lines between the steps. */
  readonly text: (lines: string) => void;
  /** A command, as somebody would type it, and its output. */
  readonly command: (command: string, output: string) => void;
}

/** Narrow enough for a picture of the terminal. */
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
      const begun = now();
      const seconds = (): string => ((now() - begun) / 1000).toFixed(1);
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

/** Lines of whole words, indented; a word that is longer has one of its own. */
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
