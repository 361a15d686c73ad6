import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type Answer, FrameWindow } from "./frame-window.ts";

type Outcome = { readonly of: string };

function takeAll(window: FrameWindow<string, Outcome>): readonly Answer<Outcome>[] {
  const answers: Answer<Outcome>[] = [];
  for (let answer = window.take(); answer !== undefined; answer = window.take()) answers.push(answer);
  return answers;
}

describe("the window of frames", () => {
  it("answers in order what is done out of order", () => {
    const window = new FrameWindow<string, Outcome>(2);
    window.push("a");
    assert.deepEqual(window.next(), { number: 1, frame: "a" });
    window.push("b");
    assert.deepEqual(window.next(), { number: 2, frame: "b" });
    window.settle(2, { of: "b" });
    assert.deepEqual(takeAll(window), []);
    window.settle(1, { of: "a" });
    assert.deepEqual(takeAll(window), [
      { kind: "outcome", frame: 1, outcome: { of: "a" } },
      { kind: "outcome", frame: 2, outcome: { of: "b" } },
    ]);
  });

  it("starts the newest when there is a place, and reports what it dropped in its turn", () => {
    const window = new FrameWindow<string, Outcome>(1);
    window.push("a");
    window.next();
    for (const frame of ["b", "c", "d", "e"]) window.push(frame);
    assert.equal(window.next(), undefined);
    window.settle(1, { of: "a" });
    assert.deepEqual(takeAll(window), [
      { kind: "outcome", frame: 1, outcome: { of: "a" } },
      { kind: "dropped", from: 2, to: 4 },
    ]);
    assert.equal(window.next(), undefined, "the answer has not reached the client");
    window.release();
    assert.deepEqual(window.next(), { number: 5, frame: "e" });
    assert.equal(window.idle, false);
    window.settle(5, { of: "e" });
    takeAll(window);
    window.release();
    assert.equal(window.idle, true);
  });

  it("answers each frame once, in order, and never exceeds the limit of frames in flight, whatever happens in which order", () => {
    const step = fc.record({ do: fc.constantFrom("push", "next", "settle", "take", "release"), which: fc.nat(9) });
    const property = fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
      const window = new FrameWindow<string, Outcome>(limit);
      const [started, answered]: [number[], number[]] = [[], []];
      let [pushed, unreleased, inFlight] = [0, 0, 0];
      const take = (): void => {
        for (const answer of takeAll(window)) {
          if (answer.kind === "outcome") unreleased++;
          const [from, to] = answer.kind === "outcome" ? [answer.frame, answer.frame] : [answer.from, answer.to];
          for (let frame = from; frame <= to; frame++) answered.push(frame);
        }
      };
      const settle = (which: number): void => {
        const [number] = started.splice(which % started.length, 1);
        if (number !== undefined) window.settle(number, { of: String(number) });
      };
      const next = (): void => {
        const frame = window.next();
        if (frame === undefined) return;
        started.push(frame.number);
        inFlight++;
      };
      const release = (): void => {
        if (unreleased === 0) return;
        unreleased--;
        inFlight--;
        window.release();
      };
      for (const { do: what, which } of steps) {
        if (what === "push") window.push(String(++pushed));
        else if (what === "next") next();
        else if (what === "settle") settle(which);
        else if (what === "take") take();
        else release();
        assert.ok(inFlight <= limit);
      }
      while (answered.length < pushed) {
        for (let count = unreleased; count > 0; count--) release();
        next();
        settle(0);
        take();
      }
      assert.deepEqual(
        answered,
        Array.from({ length: pushed }, (_, index) => index + 1),
      );
    });
    fc.assert(property, { numRuns: 300 });
  });
});
