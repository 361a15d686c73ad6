/** One line per program that is built: on a terminal it counts the seconds, in a log it is written when it is over. */

export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  /** The latest word of the builder, shown on a terminal only. */
  readonly note: (text: string) => void;
  readonly done: () => void;
  readonly failed: () => void;
}

const clearLine = "\r\u001B[2K";

export function showProgress(what: string, terminal: Terminal, now: () => number = () => performance.now()): Progress {
  const begun = now();
  const seconds = (): number => Math.round((now() - begun) / 1000);
  let last = "";
  const draw = (): void => {
    const line = `building ${what} … ${seconds()} s  ${last}`;
    terminal.write(clearLine + line.slice(0, (terminal.columns ?? 80) - 1).trimEnd());
  };
  const end = (line: string): void => {
    clearInterval(timer);
    terminal.write(`${terminal.isTTY === true ? clearLine : ""}${line}\n`);
  };
  if (terminal.isTTY === true) draw();
  else terminal.write(`building ${what} …\n`);
  const timer = terminal.isTTY === true ? setInterval(draw, 1000).unref() : undefined;
  return {
    note: (text) => void (last = text),
    done: () => end(`built ${what} in ${seconds()} s`),
    failed: () => end(`building ${what} failed after ${seconds()} s`),
  };
}
