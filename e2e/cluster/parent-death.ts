import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Changes the command so that the kernel kills it when its parent exits; unchanged where the machine has no setpriv. */
export function dyingWithParent(
  command: readonly [string, ...string[]],
  path: string = process.env.PATH ?? "",
): [string, ...string[]] {
  const setpriv = path
    .split(delimiter)
    .map((directory) => join(directory, "setpriv"))
    .find(isExecutable);
  return setpriv === undefined ? [...command] : [setpriv, "--pdeathsig", "KILL", "--", ...command];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
