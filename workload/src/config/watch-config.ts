/**
 * Tells when a mounted file has new contents. Kubernetes swaps a symbolic link two folders up when a ConfigMap changes,
 * so a watch on the file itself would stay with the old one; its contents are compared instead, which works on every
 * file system.
 */
import { readFile } from "node:fs/promises";

export interface ConfigWatch {
  close(): void;
}

const intervalMs = 1000;

export function watchConfig(file: string, text: string, changed: (text: string) => void): ConfigWatch {
  let known = text;
  let reading = false;
  const timer = setInterval(() => {
    if (reading) return;
    reading = true;
    // While the link is being swapped the file may be missing for a moment.
    void readFile(file, "utf8")
      .then(
        (now) => {
          if (now === known) return;
          known = now;
          changed(now);
        },
        () => undefined,
      )
      .finally(() => (reading = false));
  }, intervalMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
