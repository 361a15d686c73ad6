import type { PageLine } from "./top/page.ts";

/** The input and output of a command. */
export interface Terminal {
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Columns of the terminal; undefined when the output is not a terminal. */
  readonly columns: number | undefined;
  /** Occupies the terminal until the screen is closed; absent when the output is not a terminal. */
  readonly openScreen?: (() => Screen) | undefined;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Aborts when the user quits. */
  readonly quit: AbortSignal;
  readonly draw: (lines: readonly PageLine[]) => void;
  readonly onResize: (listener: () => void) => void;
  /** Resolves early when the user quits. */
  readonly pause: (ms: number) => Promise<void>;
  /** Restores the terminal. */
  readonly close: () => void;
}

/** Invalid arguments or an unreadable file: one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `findings`: the files have findings, or the cluster cannot be read. */
export const exit = { ok: 0, findings: 1, usage: 2 } as const;
export type ExitCode = (typeof exit)[keyof typeof exit];
