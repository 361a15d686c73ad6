/** A container's last words, as they show in the pod's status. */
import { readFileSync } from "node:fs";

interface LastWords {
  readonly file: string;
  readonly logFile: string;
  /** Take the end of the log when the file is empty. */
  readonly fallBackToLog: boolean;
}

/** The kubelet's limits: 4096 bytes, and of a log 2048 bytes or 80 lines. */
const most = { messageBytes: 4096, logBytes: 2048, logLines: 80 };

export function terminationMessage({ file, logFile, fallBackToLog }: LastWords): string {
  const message = read(file).subarray(0, most.messageBytes).toString();
  if (message !== "" || !fallBackToLog) return message;
  return read(logFile).subarray(-most.logBytes).toString().split("\n").slice(-most.logLines).join("\n");
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
