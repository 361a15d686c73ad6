/**
 * Detects new contents of a mounted file. When a ConfigMap changes, Kubernetes swaps a symbolic link two folders up, so a watch
 * on the file itself would keep watching the old one. Comparing contents works on every file system.
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
    // The file may be missing for a moment while the link is swapped.
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
