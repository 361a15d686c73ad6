import assert from "node:assert/strict";
import type { WatchEvent } from "../kube/client.ts";
import { bookmark, storedObject } from "../kube/object.sample.ts";
import type { KubeObject, ObjectKey, ObjectMeta } from "../kube/object.ts";
import { Store } from "./store.ts";

const terminating = { deletionTimestamp: "2026-01-01T00:00:00Z" };

function object(version: number | bigint, metadata: Partial<ObjectMeta> = {}): KubeObject {
  return storedObject({ uid: "u1", ...metadata, resourceVersion: String(version) });
}

function event(
  type: "ADDED" | "MODIFIED" | "DELETED",
  version: number | bigint,
  metadata?: Partial<ObjectMeta>,
): WatchEvent {
  return { type, object: object(version, metadata) };
}

/** Reduces an object to its UID and version. */
const project = ({ metadata }: KubeObject): string => `${metadata.uid}@${metadata.resourceVersion}`;

const a: ObjectKey = "media/a";

/** A store with a log of its changes: `added list u1@1`. */
function recorded(...listed: KubeObject[]): { store: Store<string>; changes: string[]; list: typeof list } {
  const store = new Store(project);
  const changes: string[] = [];
  function list(version: number, ...objects: KubeObject[]): void {
    const replacement = store.replacement();
    for (const item of objects) replacement.add(item);
    replacement.commit(String(version));
  }
  if (listed.length > 0) list(10, ...listed);
  store.subscribe((change) => {
    const values = [
      "previous" in change ? change.previous : undefined,
      "current" in change ? change.current : undefined,
    ];
    changes.push([change.type, change.origin, ...values.filter((value) => value !== undefined)].join(" "));
  });
  return { store, changes, list };
}

/** The content of a store that started with `media/a` and `media/still` and reported these changes. */
function contentAfter(changes: readonly string[]): readonly string[] {
  const content = new Set(["u1@10", "s@10"]);
  for (const [type, , first = "", second = ""] of changes.map((change) => change.split(" "))) {
    if (type === "added") content.add(first);
    else content.delete(first);
    if (type === "updated") content.add(second);
  }
  return [...content].toSorted();
}

describe("a store", () => {
  /** Each starts with a list at version 10 of `media/a`, UID u1, version 10, and of an object that never changes. */
  interface Case {
    readonly act: (recorder: ReturnType<typeof recorded>) => void;
    readonly changes: readonly string[];
  }
  const cases: Readonly<Record<string, Case>> = {
    // The watch
    "applies a change": {
      act: ({ store }) => store.observeEvent(event("MODIFIED", 11)),
      changes: ["updated watch u1@10 u1@11"],
    },
    "applies a deletion": {
      act: ({ store }) => store.observeEvent(event("DELETED", 11)),
      changes: ["deleted watch u1@10"],
    },
    "applies a deletion that carries the last version, as old API servers send it": {
      act: ({ store }) => store.observeEvent(event("DELETED", 10)),
      changes: ["deleted watch u1@10"],
    },
    "ignores an older version": {
      act: ({ store }) => store.observeEvent(event("MODIFIED", 9)),
      changes: [],
    },
    "compares versions as numbers": {
      act: ({ store }) => {
        store.observeEvent(event("MODIFIED", 100));
        store.observeEvent(event("MODIFIED", 99));
        store.observeEvent(event("MODIFIED", 9_007_199_254_740_993n));
        store.observeEvent(event("MODIFIED", 9_007_199_254_740_992n));
      },
      changes: ["updated watch u1@10 u1@100", "updated watch u1@100 u1@9007199254740993"],
    },
    "ignores a repeated version": {
      act: ({ store }) => store.observeEvent(event("ADDED", 10)),
      changes: [],
    },
    "treats a new UID as a deletion and a creation": {
      act: ({ store }) => store.observeEvent(event("ADDED", 12, { uid: "u2" })),
      changes: ["deleted watch u1@10", "added watch u2@12"],
    },
    "changes nothing on a bookmark": {
      act: ({ store }) => store.observeEvent(bookmark(99)),
      changes: [],
    },

    // Lists
    "applies a list atomically": {
      act: ({ store, list }) => {
        const seen: unknown[] = [];
        store.subscribe(() => seen.push([...store.values()]));
        list(20, object(10, { name: "still", uid: "s" }), object(20, { name: "b", uid: "b" }));
        assert.deepEqual(seen, [
          ["s@10", "b@20"],
          ["s@10", "b@20"],
        ]);
      },
      changes: ["deleted list u1@10", "added list b@20"],
    },
    "detects a change in a list": {
      act: ({ list }) => list(20, object(15), object(10, { name: "still", uid: "s" })),
      changes: ["updated list u1@10 u1@15"],
    },
    "detects in a list that an object was replaced by one with the same name": {
      act: ({ list }) => list(20, object(15, { uid: "u2" }), object(10, { name: "still", uid: "s" })),
      changes: ["deleted list u1@10", "added list u2@15"],
    },
    "reports nothing for a list without changes": {
      act: ({ list }) => list(20, object(10), object(10, { name: "still", uid: "s" })),
      changes: [],
    },
    "ignores a list that was not committed": {
      act: ({ store }) => store.replacement().add(object(20)),
      changes: [],
    },

    // Our own writes
    "applies our write immediately, and reports it once": {
      act: ({ store }) => {
        store.observeWrite(object(12));
        store.observeEvent(event("MODIFIED", 12));
      },
      changes: ["updated write u1@10 u1@12"],
    },
    "ignores a watch event older than our write": {
      act: ({ store }) => {
        store.observeWrite(object(12));
        store.observeEvent(event("MODIFIED", 11));
      },
      changes: ["updated write u1@10 u1@12"],
    },
    "keeps an object that we created when the deletion of its predecessor arrives": {
      act: ({ store }) => {
        store.observeWrite(object(12, { uid: "u2" }));
        store.observeEvent(event("DELETED", 11));
      },
      changes: ["deleted write u1@10", "added write u2@12"],
    },
    "keeps an object that our write selected again when `no longer selected` arrives": {
      act: ({ store }) => {
        store.observeWrite(object(12));
        store.observeEvent(event("DELETED", 11));
        store.observeEvent(event("ADDED", 12));
      },
      changes: ["updated write u1@10 u1@12"],
    },
    "ignores the late response to a write when the watch has reported the deletion": {
      act: ({ store }) => {
        store.observeEvent(event("DELETED", 13));
        store.observeWrite(object(12));
      },
      changes: ["deleted watch u1@10"],
    },
    "ignores the response to a write that a bookmark has passed": {
      act: ({ store }) => {
        store.observeEvent(event("DELETED", 11));
        store.observeEvent(bookmark(20));
        store.observeWrite(object(20, { uid: "u2" }));
      },
      changes: ["deleted watch u1@10"],
    },
    "keeps an object that we created after a list was taken": {
      act: ({ store, list }) => {
        store.observeWrite(object(25, { name: "new", uid: "n" }));
        list(20, object(10), object(10, { name: "still", uid: "s" }));
      },
      changes: ["added write n@25"],
    },
    "keeps our change that is newer than a list": {
      act: ({ store, list }) => {
        store.observeWrite(object(25));
        list(20, object(15), object(10, { name: "still", uid: "s" }));
      },
      changes: ["updated write u1@10 u1@25"],
    },
    "removes an object that we wrote before a list that misses it": {
      act: ({ store, list }) => {
        store.observeWrite(object(15));
        list(20, object(10, { name: "still", uid: "s" }));
      },
      changes: ["updated write u1@10 u1@15", "deleted list u1@15"],
    },

    // Our own deletes
    "applies our delete immediately, and ignores older events": {
      act: ({ store }) => {
        store.observeDelete(a, "u1");
        store.observeEvent(event("MODIFIED", 11));
        store.observeWrite(object(12));
        store.observeEvent(event("DELETED", 13));
      },
      changes: ["deleted write u1@10"],
    },
    "adds a deleted object again while a finalizer keeps it": {
      act: ({ store }) => {
        store.observeDelete(a, "u1");
        store.observeEvent(event("MODIFIED", 11));
        store.observeEvent(event("MODIFIED", 12, terminating));
      },
      changes: ["deleted write u1@10", "added watch u1@12"],
    },
    "keeps an object that was terminating when we deleted it, as no event would add it again": {
      act: ({ store }) => {
        store.observeEvent(event("MODIFIED", 11, terminating));
        store.observeDelete(a, "u1");
      },
      changes: ["updated watch u1@10 u1@11"],
    },
    "keeps a new object with the name of the one that we deleted": {
      act: ({ store }) => {
        store.observeEvent(event("ADDED", 11, { uid: "u2" }));
        store.observeDelete(a, "u1");
      },
      changes: ["deleted watch u1@10", "added watch u2@11"],
    },
    "adds an object that took the name after our delete": {
      act: ({ store }) => {
        store.observeDelete(a, "u1");
        store.observeEvent(event("ADDED", 12, { uid: "u2" }));
      },
      changes: ["deleted write u1@10", "added watch u2@12"],
    },
    "ignores in a list an object that we deleted since it was taken": {
      act: ({ store, list }) => {
        store.observeDelete(a, "u1");
        list(11, object(10), object(10, { name: "still", uid: "s" }));
        store.observeEvent(event("MODIFIED", 12));
      },
      changes: ["deleted write u1@10"],
    },
    "ignores in a list an object that we deleted between two pages": {
      act: ({ store }) => {
        const replacement = store.replacement();
        replacement.add(object(10));
        store.observeDelete(a, "u1");
        replacement.add(object(10, { name: "still", uid: "s" }));
        replacement.commit("11");
      },
      changes: ["deleted write u1@10"],
    },
    // Bug: the watch, which is late, added a predecessor of the object that we had deleted.
    "ignores watch events of a predecessor of an object that we deleted": {
      act: ({ store }) => {
        store.observeWrite(object(13, { uid: "u2" }));
        store.observeDelete(a, "u2");
        store.observeEvent(event("MODIFIED", 11));
        store.observeEvent(event("DELETED", 12));
        store.observeEvent(event("ADDED", 13, { uid: "u2" }));
        store.observeEvent(event("DELETED", 14, { uid: "u2" }));
      },
      changes: ["deleted write u1@10", "added write u2@13", "deleted write u2@13"],
    },
    "ignores in a list a predecessor of an object that we deleted": {
      act: ({ store, list }) => {
        store.observeWrite(object(13, { uid: "u2" }));
        store.observeDelete(a, "u2");
        list(11, object(11), object(10, { name: "still", uid: "s" }));
        store.observeEvent(event("ADDED", 13, { uid: "u2" }));
      },
      changes: ["deleted write u1@10", "added write u2@13", "deleted write u2@13"],
    },
    "follows objects that take and leave the name after our delete": {
      act: ({ store }) => {
        store.observeDelete(a, "u1");
        store.observeEvent(event("DELETED", 11));
        store.observeEvent(event("ADDED", 12, { uid: "u2" }));
        store.observeEvent(event("DELETED", 13, { uid: "u2" }));
        store.observeEvent(event("ADDED", 14, { uid: "u3" }));
      },
      changes: ["deleted write u1@10", "added watch u2@12", "deleted watch u2@12", "added watch u3@14"],
    },
  };
  for (const [title, { act, changes }] of Object.entries(cases)) {
    it(title, () => {
      const recorder = recorded(object(10), object(10, { name: "still", uid: "s" }));
      act(recorder);
      assert.deepEqual(recorder.changes, changes);
      assert.deepEqual([...recorder.store.values()].toSorted(), contentAfter(changes));
    });
  }

  it("is synced after its first list until it is cleared", async () => {
    const { store, list, changes } = recorded();
    store.observeWrite(object(5));
    assert.equal(store.synced, false);
    const synced = store.whenSynced();
    list(10, object(5));
    await synced;
    assert.equal(store.synced, true);
    store.clear();
    assert.deepEqual([store.synced, store.size, store.get(a)], [false, 0, undefined]);
    const syncedAgain = store.whenSynced();
    assert.notEqual(syncedAgain, synced);
    list(3);
    await syncedAgain;
    assert.deepEqual(changes, ["added write u1@5"], "clearing reports no changes");
  });

  it("takes the last state of each object among those that a list collects", () => {
    const { store, changes } = recorded(object(10), object(10, { name: "still", uid: "s" }));
    const replacement = store.replacement();
    for (const item of [object(10), object(11, { name: "new", uid: "n" }), object(10, { name: "still", uid: "s" })]) {
      replacement.add(item);
    }
    replacement.add(object(12, { name: "new", uid: "n" }));
    replacement.remove(object(13));
    replacement.remove(object(14, { name: "never listed" }));
    assert.deepEqual(changes, []);
    replacement.commit("14");
    assert.deepEqual(changes, ["deleted list u1@10", "added list n@12"]);
  });

  it("has another revision exactly when its contents have changed", () => {
    const { store, list } = recorded(object(10));
    const changed = (act: () => void): boolean => {
      const { revision } = store;
      act();
      return store.revision > revision;
    };
    const acts: readonly (readonly [act: () => void, expected: boolean])[] = [
      [() => list(20, object(10)), false],
      [() => store.observeWrite(object(21)), true],
      [() => store.observeEvent(event("MODIFIED", 21)), false],
      [() => store.observeEvent(bookmark(30)), false],
      [() => store.observeEvent(event("DELETED", 31)), true],
      [() => list(40, object(35, { uid: "u2" })), true],
      [() => store.clear(), true],
    ];
    assert.deepEqual(
      acts.map(([act]) => changed(act)),
      acts.map(([, expected]) => expected),
    );
  });

  it("projects each version once", () => {
    let projections = 0;
    const store = new Store((item) => {
      projections++;
      return item.metadata.uid;
    });
    const list = (): void => {
      const replacement = store.replacement();
      replacement.add(object(10));
      replacement.commit("20");
    };
    list();
    list();
    store.observeWrite(object(21));
    store.observeEvent(event("MODIFIED", 21));
    assert.equal(projections, 2);
  });

  it("does not call a listener that has unsubscribed", () => {
    const { store } = recorded();
    const calls: string[] = [];
    const unsubscribe = store.subscribe(({ type }) => calls.push(type));
    store.observeWrite(object(1));
    unsubscribe();
    store.observeWrite(object(2));
    assert.deepEqual(calls, ["added"]);
  });
});

const labels = ({ metadata }: KubeObject): readonly string[] => Object.values(metadata.labels ?? {});
const names = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name).toSorted();

describe("an index of a store", () => {
  it("includes existing objects and follows all changes", () => {
    const store = new Store((item) => item);
    store.observeWrite(object(1, { name: "a", uid: "a", labels: { service: "x" } }));
    const byLabel = store.index(labels);
    store.observeWrite(object(2, { name: "b", uid: "b", labels: { service: "x", tier: "y" } }));
    const steps: [string[], string[]][] = [];
    const look = (): number => steps.push([names(byLabel.get("x")), names(byLabel.get("y"))]);
    look();
    store.observeWrite(object(3, { name: "a", uid: "a", labels: { service: "y" } }));
    look();
    store.observeEvent(event("DELETED", 4, { name: "b", uid: "b" }));
    look();
    store.observeWrite(object(5, { name: "a", uid: "a2", labels: { service: "x" } }));
    look();
    store.clear();
    look();
    assert.deepEqual(steps, [
      [["a", "b"], ["b"]],
      [["b"], ["a", "b"]],
      [[], ["a"]],
      [["a"], []],
      [[], []],
    ]);
  });
});
