/**
 * A program that goes on in the background when it has reported that it is ready.
 *
 *     shell ──▶ program --detach ──fork──▶ program (a session of its own, no terminal)
 *                    │ ◀──── report ────────────┤
 *                    ▼ prints it, exits         ▼ goes on until SIGTERM
 */
import { fork } from "node:child_process";
import { once } from "node:events";

type Message<Report> = { readonly ready: Report } | { readonly failed: string };

export interface InBackground<Report> {
  readonly pid: number;
  readonly report: Report;
}

/** Starts a program in the background and waits for its report; fails with what it says went wrong. */
export async function startInBackground<Report>(
  program: string,
  parameters: readonly string[],
): Promise<InBackground<Report>> {
  // No KEEP for the child, or it would do the same again.
  const env = { ...process.env, KEEP: "" };
  const child = fork(program, parameters, { detached: true, execArgv: [], stdio: "ignore", env });
  const ended = once(child, "exit").then(([code]) => ({ failed: `it ended with code ${code}` }));
  const message = await Promise.race([once(child, "message").then(([said]) => said as Message<Report>), ended]);
  if ("failed" in message) throw new Error(message.failed);
  child.disconnect();
  child.unref();
  return { pid: child.pid ?? 0, report: message.ready };
}

/** Whether this process is the one in the background. */
export function isInBackground(): boolean {
  return process.send !== undefined;
}

/** In the background: until the report, this process ends with the one that waits for it. */
export async function reportWhenReady<Report>(prepare: () => Promise<Report>): Promise<Report> {
  const exit = (): never => process.exit(1);
  process.once("disconnect", exit);
  try {
    const ready = await prepare();
    process.off("disconnect", exit);
    process.send?.({ ready });
    return ready;
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    await new Promise((sent) => process.send?.({ failed }, sent));
    return exit();
  }
}
