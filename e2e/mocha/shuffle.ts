/** Runs the tests of every suite in random order, so that none depends on another; `SEED=n` repeats an order. */
import type { Suite } from "mocha";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Mulberry32: a small generator whose only state is the seed. */
function generator(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffle<T>(items: T[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [items[i], items[j]] as [T, T];
    items[i] = b;
    items[j] = a;
  }
}

function shuffleSuite(suite: Suite, random: () => number): void {
  shuffle(suite.tests, random);
  shuffle(suite.suites, random);
  for (const child of suite.suites) shuffleSuite(child, random);
}

export const mochaHooks = {
  beforeAll(this: Mocha.Context): void {
    const root = this.test?.parent;
    if (root === undefined) throw new Error("mocha did not name the root suite");
    process.stdout.write(`random order, repeat it with SEED=${seed}\n`);
    shuffleSuite(root, generator(seed));
  },
};
