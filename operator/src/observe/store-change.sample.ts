/** Changes of a store for tests, of the object `media/upscaler`. */
import type { ChangeOrigin, StoreChange } from "../runtime/store.ts";

const key = "media/upscaler";

export function added<T>(current: T, origin: ChangeOrigin = "watch"): StoreChange<T> {
  return { type: "added", key, origin, current };
}

export function updated<T>(previous: T, current: T, origin: ChangeOrigin = "watch"): StoreChange<T> {
  return { type: "updated", key, origin, previous, current };
}

export function deleted<T>(previous: T, origin: ChangeOrigin = "watch"): StoreChange<T> {
  return { type: "deleted", key, origin, previous };
}
