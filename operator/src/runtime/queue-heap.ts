/** A binary heap by due time, the earliest on top; equal times keep the order of insertion. */

export interface Due {
  /** In ms on the monotonic clock. Must not change while the item is in the heap. */
  dueAt: number;
  /** Set by the heap: the item's position, so that it can be removed from the middle. */
  heapIndex: number;
  /** Set by the heap: the order of insertion. */
  heapOrder: number;
}

export class DueHeap<Item extends Due> {
  readonly #items: Item[] = [];
  #pushed = 0;

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    item.heapOrder = this.#pushed++;
    this.#put(item, this.#items.length);
    this.#rise(item);
  }

  /** Removes an item, which must be in the heap. */
  remove(item: Item): void {
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#put(last, item.heapIndex);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: Item): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1];
      if (parent === undefined || !earlier(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#items[2 * item.heapIndex + 1];
      const right = this.#items[2 * item.heapIndex + 2];
      if (left === undefined) return;
      const child = right !== undefined && earlier(right, left) ? right : left;
      if (!earlier(child, item)) return;
      this.#swap(child, item);
    }
  }

  #swap(a: Item, b: Item): void {
    const index = a.heapIndex;
    this.#put(a, b.heapIndex);
    this.#put(b, index);
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

function earlier(a: Due, b: Due): boolean {
  return a.dueAt === b.dueAt ? a.heapOrder < b.heapOrder : a.dueAt < b.dueAt;
}
