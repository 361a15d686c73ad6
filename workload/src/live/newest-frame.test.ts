import assert from "node:assert/strict";
import { NewestFrame } from "./newest-frame.ts";

describe("the newest frame", () => {
  it("replaces those that wait, and the next one carries how many were dropped", () => {
    const sent: (readonly [string, number])[] = [];
    const frames = new NewestFrame<string>({
      send: (frame, dropped) => sent.push([frame, dropped]),
      mostPerSecond: 1000,
    });
    for (const [index, frame] of ["a", "b", "c", "d"].entries()) frames.offer(frame, index * 10);
    assert.deepEqual(sent, [["a", 0]]);
    frames.done();
    assert.deepEqual(sent, [
      ["a", 0],
      ["d", 2],
    ]);
    frames.done();
    frames.offer("e", 50);
    assert.deepEqual(sent.at(-1), ["e", 0]);
  });

  it("is left out above the limit of frames per second, and does not count as dropped", () => {
    const sent: string[] = [];
    let dropped = 0;
    const send = (frame: string, before: number): void => {
      sent.push(frame);
      dropped += before;
    };
    const frames = new NewestFrame<string>({ send, mostPerSecond: 10 });
    for (let at = 0; at < 1000; at += 33) {
      frames.offer(`${at}`, at);
      frames.done();
    }
    assert.ok(sent.length >= 9 && sent.length <= 11, `${sent.length}`);
    assert.equal(dropped, 0);
  });
});
