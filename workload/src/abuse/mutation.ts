/** What a mutation is. */
import type { Random } from "../testing/random.ts";

export type Mutation = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

export function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error("nothing to pick from");
  return choice;
}
