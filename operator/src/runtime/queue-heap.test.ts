import assert from "node:assert/strict";
import * as fc from "fast-check";
import { DueHeap, type Due } from "./queue-heap.ts";

interface Item extends Due {
  readonly id: number;
}

/** A list that is sorted on each push: slow, but obviously correct. */
class SortedList {
  readonly #items: Item[] = [];

  push(item: Item): void {
    this.#items.push(item);
    this.#items.sort((a, b) => a.dueAt - b.dueAt || a.id - b.id);
  }

  remove(index: number): Item | undefined {
    return this.#items.splice(index, 1)[0];
  }

  get ids(): readonly number[] {
    return this.#items.map(({ id }) => id);
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("push" as const), dueAt: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pop" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), which: fc.nat(99) }) },
);

function drain(heap: DueHeap<Item>): readonly number[] {
  const ids: number[] = [];
  for (let item = heap.peek(); item !== undefined; item = heap.peek()) {
    heap.remove(item);
    ids.push(item.id);
  }
  return ids;
}

describe("DueHeap", () => {
  it("returns items in the order of a sorted list, also after removals from the middle", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
        const heap = new DueHeap<Item>();
        const list = new SortedList();
        for (const [id, command] of steps.entries()) {
          if (command.do === "push") {
            const item = { id, dueAt: command.dueAt, heapIndex: -1, heapOrder: -1 };
            heap.push(item);
            list.push(item);
            continue;
          }
          const size = list.ids.length;
          const removed = list.remove(command.do === "pop" ? 0 : command.which % Math.max(size, 1));
          if (command.do === "pop") assert.equal(heap.peek()?.id, removed?.id);
          if (removed !== undefined) heap.remove(removed);
          assert.equal(heap.size, list.ids.length);
        }
        assert.deepEqual(drain(heap), list.ids);
      }),
    );
  });
});
