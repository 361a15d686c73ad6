/** kubectl with one kubeconfig, without anything of the user's own configuration. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";

/** kubectl exited with an error; the message includes its standard error. */
export class KubectlError extends Error {
  override readonly name = "KubectlError";
  readonly code: number | null;
  readonly stderr: string;

  constructor(parameters: readonly string[], code: number | null, stderr: string) {
    super(`kubectl ${parameters.join(" ")} exited with code ${code}: ${stderr.trim()}`);
    this.code = code;
    this.stderr = stderr;
  }
}

/** Returns its standard output. Fails with a `KubectlError`. */
export type Kubectl = (...parameters: readonly string[]) => Promise<string>;

/** The same with standard input: text unchanged, an object as JSON, several objects as a List. */
export type KubectlWithInput = (input: string | object, ...parameters: readonly string[]) => Promise<string>;

export function createKubectl(program: string, kubeconfig: string): KubectlWithInput {
  // Its cache of discovery documents would outlive the cluster, and another cluster may have the same port.
  const env = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dirname(kubeconfig), "kubectl-cache") };
  return async (input, ...parameters) => {
    const child = spawn(program, parameters, { env });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // It may exit before it has read its input: the exit code counts, not the broken pipe.
    child.stdin.on("error", () => {}).end(inputText(input));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new KubectlError(parameters, code, stderr);
    return stdout;
  };
}

export function inputText(input: string | object): string {
  if (typeof input === "string") return input;
  return JSON.stringify(Array.isArray(input) ? { apiVersion: "v1", kind: "List", items: input as unknown[] } : input);
}
