/** A service with every value filled in: what the children are rendered from. Nothing below here knows a default. */
import type { TunableSpec } from "@gpumedia/api";

/** Makes every member present, however deep; what has no default in the guide stays optional by being named in `Optional`. */
type Complete<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]-?: Complete<Exclude<T[K], undefined>> } : T;

export type EffectiveSpec = Complete<TunableSpec>;
