/** The end of a process that cannot work. */
import { appendFileSync } from "node:fs";

/** Also writes the message where Kubernetes reads it, so that the pod's status shows it. */
export function exitWith(code: number, lines: readonly string[]): never {
  const text = lines.map((line) => `gpumedia-processor: ${line}\n`).join("");
  process.stderr.write(text);
  try {
    appendFileSync(process.env["GPUMEDIA_TERMINATION_LOG"] ?? "/dev/termination-log", text, { flag: "r+" });
  } catch {
    // Outside Kubernetes there is no such file.
  }
  process.exit(code);
}
