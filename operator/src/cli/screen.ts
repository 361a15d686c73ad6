/** A full-screen view of the terminal that is redrawn, and restores the terminal when it is closed. */
import { styleText } from "node:util";
import type { PageLine } from "./top/page.ts";
import type { Screen } from "./terminal.ts";

type Output = Pick<NodeJS.WriteStream, "write" | "columns" | "rows" | "on" | "off">;

const escape = {
  /** Switches to the alternate screen and back. */
  enter: "\u001B[?1049h\u001B[?25l",
  leave: "\u001B[?25h\u001B[?1049l",
  home: "\u001B[H",
  clearLine: "\u001B[K",
  clearBelow: "\u001B[J",
} as const;

const styles: Readonly<Record<PageLine["is"], Parameters<typeof styleText>[0]>> = {
  heading: "dim",
  title: "inverse",
  service: "bold",
  pod: "reset",
  gpu: "dim",
  trouble: "yellow",
};

const quitSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Raw input: keys are read immediately and not echoed into the table, and Ctrl-C is a key. */
export function openScreen(output: Output, input: NodeJS.ReadStream): Screen {
  const quit = new AbortController();
  const onQuit = (): void => quit.abort();
  const onKey = (key: Buffer): void => {
    if (["q", "Q", "\u0003"].includes(key.toString())) onQuit();
  };
  const resized: (() => void)[] = [];
  const onResize = (): void => resized.forEach((listener) => listener());

  for (const signal of quitSignals) process.on(signal, onQuit);
  output.on("resize", onResize);
  if (input.isTTY) input.setRawMode(true).resume().on("data", onKey);
  output.write(escape.enter);
  return {
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    quit: quit.signal,
    draw(lines) {
      const painted = lines.map(({ text, is }) => styleText(styles[is], text) + escape.clearLine);
      output.write(escape.home + painted.join("\r\n") + escape.clearBelow);
    },
    onResize: (listener) => void resized.push(listener),
    async pause(ms) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      quit.signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
    },
    close() {
      output.write(escape.leave);
      output.off("resize", onResize);
      if (input.isTTY) input.off("data", onKey).setRawMode(false).pause();
      for (const signal of quitSignals) process.off(signal, onQuit);
    },
  };
}
