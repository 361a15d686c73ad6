/** The processor as a child process, as a container runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface ProcessorProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Resolves with how it exited. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Bytes of resident memory. */
  readonly residentBytes: () => number;
}

/** Resolves when the processor is ready. `env`: settings such as `GPUMEDIA_LIMITS_PIXELS`. */
export async function processorProcess(env: Readonly<Record<string, string>> = {}): Promise<ProcessorProcess> {
  const settings = { GPUMEDIA_LISTEN_HOST: "127.0.0.1", GPUMEDIA_LISTEN_PORT: "0", GPUMEDIA_LOG_LEVEL: "info" };
  // With the defaults, a machine that has other work rejects a picture with 503, or ends it with 504.
  const patient = { GPUMEDIA_QUEUE_MAX_WAIT: "60s", GPUMEDIA_REQUEST_TIMEOUT: "300s" };
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...settings, ...patient, GPUMEDIA_WORKERS: "2", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  const url = await listeningUrl(child);
  return {
    url,
    port: Number(new URL(url).port),
    child,
    exited,
    residentBytes: () => residentBytes(child.pid),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  const log: string[] = [];
  if (child.stderr === null) throw new Error("no standard error");
  const lines = createInterface({ input: child.stderr });
  const found = new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      log.push(line);
      const { msg, url } = (line.startsWith("{") ? JSON.parse(line) : {}) as { msg?: string; url?: string };
      if (msg === "ready" && url !== undefined) resolve(url);
    });
    lines.on("close", () => reject(new Error(`the processor did not start: ${log.join("\n")}`)));
  });
  return found;
}

function residentBytes(pid: number | undefined): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
