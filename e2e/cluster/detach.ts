/**
 * Runs a program in the background as soon as it reports that it is ready.
 *
 *     shell ──▶ program --detach ──fork──▶ program (its own session, no terminal)
 *                    │ ◀──── report ────────────┤
 *                    ▼ prints it, exits         ▼ runs until SIGTERM
 */
import { fork } from "node:child_process";
import { once } from "node:events";

type Message<Report> = { readonly ready: Report } | { readonly failed: string };

export interface InBackground<Report> {
  readonly pid: number;
  readonly report: Report;
}

/** Starts a program in the background and waits for its report; fails with the program's error. */
export async function startInBackground<Report>(
  program: string,
  parameters: readonly string[],
): Promise<InBackground<Report>> {
  // With KEEP the child would start another one.
  const env = { ...process.env, KEEP: "" };
  const child = fork(program, parameters, { detached: true, execArgv: [], stdio: "ignore", env });
  const ended = once(child, "exit").then(([code]) => ({
    failed: `the program in the background exited with code ${code}`,
  }));
  const message = await Promise.race([once(child, "message").then(([received]) => received as Message<Report>), ended]);
  if ("failed" in message) throw new Error(message.failed);
  child.disconnect();
  child.unref();
  return { pid: child.pid ?? 0, report: message.ready };
}

/** Whether this process is the one in the background. */
export function isInBackground(): boolean {
  return process.send !== undefined;
}

/** In the background: until it has reported, this process exits together with the one that waits for it. */
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
