/** What is wrong with an object, and where. */
import type { Keys } from "../schema/paths.ts";

export interface Finding {
  /** Where, from the validated object down; empty for the whole. */
  readonly keys: Keys;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** The finding is about the key itself, not its value: an unknown field. */
  readonly onKey?: boolean;
}
