/** A problem of an object and its location. */
import type { Keys } from "../schema/paths.ts";

export interface Finding {
  /** The path from the root of the object; empty for the object itself. */
  readonly keys: Keys;
  /** What is wrong and how to fix it. */
  readonly message: string;
  /** Whether the finding is about the key, not its value: an unknown field. */
  readonly onKey?: boolean;
}
