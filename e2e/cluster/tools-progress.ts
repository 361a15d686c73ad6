/** Progress of a build: one line on a terminal, drawn again and again; in a log a line for every tenth. */

export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  /** How much is done, 0 to 1. */
  readonly update: (fraction: number) => void;
  /** What the builder does before anything can be counted, such as downloading. Shown on a terminal only. */
  readonly note: (text: string) => void;
  readonly done: () => void;
  readonly failed: () => void;
}

const clearLine = "\r\u001B[2K";
/** Before that an estimate of the time left would be a guess. */
const leastForEstimate = 0.03;

export function showProgress(what: string, terminal: Terminal, now: () => number = () => performance.now()): Progress {
  const startedAt = now();
  const isTerminal = terminal.isTTY === true;
  let fraction = 0;
  let logged = 0;
  let lastNote = "";
  const seconds = (): number => (now() - startedAt) / 1000;
  const state = (): string => {
    if (fraction < leastForEstimate) return `${duration(seconds())} ${lastNote}`.trimEnd();
    return `${Math.floor(fraction * 100)} %, about ${duration((seconds() * (1 - fraction)) / fraction)} left`;
  };
  const draw = (): void => {
    const line = `building ${what}: ${state()}`;
    terminal.write(clearLine + line.slice(0, (terminal.columns ?? 80) - 1));
  };
  const end = (line: string): void => {
    clearInterval(timer);
    terminal.write(`${isTerminal ? clearLine : ""}${line}\n`);
  };
  if (isTerminal) draw();
  else terminal.write(`building ${what}\n`);
  const timer = isTerminal ? setInterval(draw, 1000).unref() : undefined;
  return {
    update(done) {
      fraction = Math.min(done, 0.99);
      const tenth = Math.floor(fraction * 10);
      if (!isTerminal && tenth > logged) terminal.write(`building ${what}: ${state()}\n`);
      logged = Math.max(tenth, logged);
    },
    note: (text) => void (lastNote = text),
    done: () => end(`built ${what} in ${duration(seconds())}`),
    failed: () => end(`building ${what} failed after ${duration(seconds())}`),
  };
}

/** `25 s`, `3 min 10 s`: to ten seconds from a minute on. */
function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const tens = Math.round(seconds / 10);
  const rest = (tens % 6) * 10;
  return `${Math.floor(tens / 6)} min${rest === 0 ? "" : ` ${rest} s`}`;
}
