/** Starts the two servers that are compared, and measures their memory and CPU time. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../workload/src/testing/free-port.ts";
import type { LoadFigures, ServerFigures } from "./figures.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface Server {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Peak resident memory, MiB. */
  peakMiB(): number;
  /** CPU time so far, ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Measures a server with a closed loop in another process. */
export async function measureLoad(
  server: Server,
  picture: string,
  connections: number,
  seconds: string,
): Promise<ServerFigures> {
  const client = here("load-client.ts");
  const before = server.cpuMs();
  const args = [client, String(server.port), picture, String(connections), seconds];
  const figures = JSON.parse(await run(process.execPath, args)) as LoadFigures;
  return { ...figures, cpuMs: (server.cpuMs() - before) / figures.total };
}

const ownProcessor = here("../../workload/bin/gpumedia-processor.js");

/** `env` selects the model. */
export async function startProcessor(
  env: Readonly<Record<string, string>>,
  program: string = ownProcessor,
): Promise<Server> {
  const port = await freePort();
  const settings = {
    GPUMEDIA_LISTEN_HOST: "127.0.0.1",
    GPUMEDIA_LISTEN_PORT: String(port),
    // A closed loop of 100 clients must not be rejected by the expected wait; overload.ts measures that.
    GPUMEDIA_QUEUE_MAX_WAIT: "60s",
    ...env,
  };
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return ready("gpumedia", child, port, "/readyz");
}

export async function startFastApi(model: string): Promise<Server> {
  const port = await freePort();
  const child = spawn(pythonOf(await environmentFolder()), [here("fastapi/server.py"), model, String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return ready("fastapi", child, port, "/livez");
}

/** A Python environment with FastAPI's packages, outside the tree, created at the first use. */
async function environmentFolder(): Promise<string> {
  const folder = process.env["GPUMEDIA_BENCH_VENV"] ?? join(homedir(), ".cache", "gpumedia-bench", "fastapi");
  if (existsSync(join(folder, "ready"))) return folder;
  await run("python3", ["-m", "venv", folder]);
  await run(pythonOf(folder), ["-m", "pip", "install", "--quiet", "-r", here("fastapi/requirements.txt")]);
  await run("touch", [join(folder, "ready")]);
  return folder;
}

function pythonOf(folder: string): string {
  return join(folder, "bin", "python");
}

export async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${program} ${args[0]} exited with code ${code}`);
  return output;
}

async function ready(name: string, child: ChildProcess, port: number, path: string): Promise<Server> {
  const exit = once(child, "exit");
  let alive = true;
  void exit.then(() => (alive = false));
  for (;;) {
    if (!alive) throw new Error(`${name} exited before it was ready`);
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    if (answer?.ok === true) break;
    await pause(50);
  }
  const { pid = 0 } = child;
  return {
    name,
    port,
    pid,
    peakMiB: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024,
    cpuMs: () => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    async stop() {
      child.kill("SIGTERM");
      await exit;
    },
  };
}
