import { readFile } from "node:fs/promises";
import { ConnectionError } from "./errors.ts";

export async function readRequired(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ConnectionError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Returns undefined when the file does not exist; a file that cannot be read is an error. */
export async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readRequired(file);
  } catch (error) {
    const { cause } = error as ConnectionError;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw error;
  }
}
