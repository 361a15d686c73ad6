/** What a command reads from and writes to; a test brings its own. */
export interface Terminal {
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Columns of the terminal; undefined when the output goes elsewhere. */
  readonly columns: number | undefined;
}

/** The arguments make no sense, or name what cannot be read: one line, exit 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const exit = { ok: 0, findings: 1, usage: 2 } as const;
export type ExitCode = (typeof exit)[keyof typeof exit];
