/**
 * The process that all processes of a cluster are children of. It stands between them and the process that started the
 * cluster, and lives as long as the channel between the two:
 *
 *     test run ══channel══▶ keeper ──▶ etcd, kube-apiserver, …
 *
 * When the channel closes, in order or because the other end was killed, the keeper ends its children, removes the
 * cluster's directory and ends. Should the keeper itself be killed, the kernel ends the children (`setpriv --pdeathsig`,
 * where the machine has it).
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
  // A new start of the same program adds to its log: what the first said is not lost.
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
  // Nothing that they would still write is kept: no reason to wait for an orderly end.
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
// From a terminal the other end hears of them as well, and decides what they mean.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
// The other end may have gone before we listened.
if (!process.connected) end();
report({ what: "ready" });
