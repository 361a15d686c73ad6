/** A spec with a value in every place, save those where having none means something. */
import type { TunableSpec } from "../schema/types.ts";

/** Their absence has a meaning of its own, which their description states. */
type Undefaulted =
  | "image"
  | "imagePullPolicy"
  | "serviceAccountName"
  | "replicas"
  | "path"
  | "volume"
  | "affinity"
  | "priorityClassName"
  | "runtimeClassName"
  | "host"
  | "tlsSecretName"
  | "selectPolicy"
  | "minAllowed";

/** Lists and maps are taken as they are; a quantity is the text that the API server would store. */
export type Complete<T> = [string | number] extends [T]
  ? string
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? string extends keyof T
        ? { readonly [Key in keyof T]: Complete<T[Key]> }
        : { readonly [Key in Exclude<keyof T, Undefaulted>]-?: Complete<Exclude<T[Key], undefined>> } & {
            readonly [Key in Extract<keyof T, Undefaulted>]?: Undefined<Exclude<T[Key], undefined>>;
          }
      : T;

/** What has no default is the user's own, and so as complete as they wrote it. */
type Undefined<T> = [string | number] extends [T]
  ? string
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { readonly [Key in keyof T]: Undefined<T[Key]> }
      : T;

export type CompleteSpec = Complete<TunableSpec>;
