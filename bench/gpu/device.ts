/** What nvidia-smi says of the first GPU: the judge of our own figures. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

export interface Device {
  readonly name: string;
  readonly uuid: string;
  readonly driver: string;
  readonly memoryMiB: number;
}

/** No GPU can be used; the message says why and what to do. */
export class NoDevice extends Error {}

/** @throws {NoDevice} */
export async function readDevice(): Promise<Device> {
  const [first] = (await query("name,uuid,driver_version,memory.total")).split("\n");
  const [name = "", uuid = "", driver = "", memory = ""] = (first ?? "").split(", ");
  if (uuid === "") throw new NoDevice("nvidia-smi lists no GPU");
  return { name, uuid, driver, memoryMiB: Number(memory) };
}

/** Device memory of a process, in MiB. */
export async function memoryOf(pid: number): Promise<number> {
  const lines = (await smi(["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"])).split("\n");
  const own = lines.map((line) => line.split(", ").map(Number)).filter(([owner]) => owner === pid);
  return own.reduce((sum, [, used = 0]) => sum + used, 0);
}

/** Its utilization in percent, every half a second until `stop` resolves. */
export async function utilizationUntil(stop: Promise<unknown>): Promise<readonly number[]> {
  const format = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0", "-lms", "500"];
  const child = spawn("nvidia-smi", format, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const exit = once(child, "exit");
  await stop;
  child.kill();
  await exit;
  return text.trim().split("\n").map(Number).filter(Number.isFinite);
}

async function query(fields: string): Promise<string> {
  return smi([`--query-gpu=${fields}`, "--format=csv,noheader,nounits"]);
}

async function smi(parameters: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)("nvidia-smi", parameters)).stdout.trim();
  } catch (error) {
    const { code, stdout = "" } = error as NodeJS.ErrnoException & { readonly stdout?: string };
    if (code === "ENOENT") throw new NoDevice("nvidia-smi is not on the PATH: install NVIDIA's driver, 580 or newer");
    throw new NoDevice(`nvidia-smi failed: ${stdout.trim() || (error as Error).message}`);
  }
}
