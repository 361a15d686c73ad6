/**
 * The parent of all processes of a cluster, started by the process that started the cluster. It lives as long as the channel
 * between the two:
 *
 *     test run ══channel══▶ keeper ──▶ etcd, kube-apiserver, …
 *
 * When the channel closes, for example because the other process was killed, the keeper kills its children, removes the
 * cluster's directory and exits. If the keeper itself is killed, the kernel kills the children (`setpriv --pdeathsig`, where
 * the machine has it).
 *
 *     node keeper.ts DIRECTORY
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { KeeperReport, KeeperRequest } from "./keeper-protocol.ts";
import { dyingWithParent } from "./parent-death.ts";

const [directory = ""] = process.argv.slice(2);
const children = new Map<string, ChildProcess>();
let ending = false;

function report(message: KeeperReport): void {
  if (process.connected) process.send?.(message);
}

function start({ name, command, parameters, env, log }: Extract<KeeperRequest, { do: "start" }>): void {
  // A restart must not lose the log of the first start.
  const output = openSync(log, "a", 0o600);
  const [program, ...rest] = dyingWithParent([command, ...parameters]);
  const child = spawn(program, rest, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  children.set(name, child);
  child.on("error", (error) => exited(name, child, error.message));
  child.on("exit", (code, signal) => exited(name, child, signal ?? `exit ${code}`));
  if (child.pid !== undefined) report({ what: "started", name, pid: child.pid });
}

function exited(name: string, child: ChildProcess, how: string): void {
  if (children.get(name) !== child) return;
  children.delete(name);
  report({ what: "exited", name, how });
  if (ending) void endWhenAlone();
}

function end(): void {
  ending = true;
  // Nothing that they would write is kept, so there is no graceful shutdown.
  for (const child of children.values()) child.kill("SIGKILL");
  void endWhenAlone();
}

async function endWhenAlone(): Promise<void> {
  if (children.size > 0) return;
  await rm(directory, { recursive: true, force: true });
  process.exit(0);
}

process.on("message", (request: KeeperRequest) => {
  switch (request.do) {
    case "start":
      start(request);
      return;
    case "signal":
      children.get(request.name)?.kill(request.signal);
      return;
  }
});
process.on("disconnect", end);
process.on("SIGTERM", end);
// The terminal sends them to the other process too, which decides what to do.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
// The other process may have exited before we listened.
if (!process.connected) end();
report({ what: "ready" });
