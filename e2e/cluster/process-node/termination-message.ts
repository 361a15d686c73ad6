/** A container's termination message, for the pod's status. */
import { readFileSync } from "node:fs";

interface MessageSource {
  readonly file: string;
  readonly logFile: string;
  /** Use the end of the log if the file is empty. */
  readonly fallBackToLog: boolean;
}

/** The kubelet's. */
const limits = { messageBytes: 4096, logBytes: 2048, logLines: 80 };

export function terminationMessage({ file, logFile, fallBackToLog }: MessageSource): string {
  const message = read(file).subarray(0, limits.messageBytes).toString();
  if (message !== "" || !fallBackToLog) return message;
  return read(logFile).subarray(-limits.logBytes).toString().split("\n").slice(-limits.logLines).join("\n");
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
