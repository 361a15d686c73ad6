import type { PageLine } from "./top/page.ts";

/** What a command reads from and writes to; a test brings its own. */
export interface Terminal {
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Columns of the terminal; undefined when the output goes elsewhere. */
  readonly columns: number | undefined;
  /** Takes the whole terminal over, until the screen is closed; absent when the output goes elsewhere. */
  readonly openScreen?: (() => Screen) | undefined;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Aborts when the user has had enough. */
  readonly quit: AbortSignal;
  readonly draw: (lines: readonly PageLine[]) => void;
  readonly onResize: (listener: () => void) => void;
  /** Ends early when the user quits. */
  readonly pause: (ms: number) => Promise<void>;
  /** Gives the terminal back as it was. */
  readonly close: () => void;
}

/** The arguments make no sense, or name what cannot be read: one line, exit 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `findings`: something is wrong with what was looked at: files, or the cluster. */
export const exit = { ok: 0, findings: 1, usage: 2 } as const;
export type ExitCode = (typeof exit)[keyof typeof exit];
