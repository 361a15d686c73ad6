/** The terminal as a screen that is drawn over and over, and given back as it was. */
import { styleText } from "node:util";
import type { PageLine } from "./top/page.ts";
import type { Screen } from "./terminal.ts";

type Output = Pick<NodeJS.WriteStream, "write" | "columns" | "rows" | "on" | "off">;

const escape = {
  /** The screen that full-screen programs use, and the shell's own back. */
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

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Raw input: a key is read at once and not echoed into the table, and Ctrl-C comes as a key. */
export function openScreen(output: Output, input: NodeJS.ReadStream): Screen {
  const quit = new AbortController();
  const end = (): void => quit.abort();
  const onKey = (key: Buffer): void => {
    if (["q", "Q", "\u0003"].includes(key.toString())) end();
  };
  const resized: (() => void)[] = [];
  const onResize = (): void => resized.forEach((listener) => listener());

  for (const signal of endingSignals) process.on(signal, end);
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
      for (const signal of endingSignals) process.off(signal, end);
    },
  };
}
