/** Runs the tests of every suite in random order, so that none depends on another; `SEED=n` repeats an order. */
import type { Suite } from "mocha";
import { seededRandom, type Random } from "../../workload/src/testing/random.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [items[i], items[j]] as [T, T];
    items[i] = b;
    items[j] = a;
  }
}

function shuffleSuite(suite: Suite, random: Random): void {
  shuffle(suite.tests, random);
  shuffle(suite.suites, random);
  for (const child of suite.suites) shuffleSuite(child, random);
}

export const mochaHooks = {
  beforeAll(this: Mocha.Context): void {
    const root = this.test?.parent;
    if (root === undefined) throw new Error("mocha did not name the root suite");
    process.stdout.write(`random order, repeat it with SEED=${seed}\n`);
    shuffleSuite(root, seededRandom(seed));
  },
};
