/** A spec with a value for every field, except those where a missing value has a meaning. */
import type { modelFields } from "../schema/model-fields.ts";
import type { TunableSpec } from "../schema/types.ts";

/** Fields whose description states what a missing value means. */
type Undefaulted =
  | "image"
  | "imagePullPolicy"
  | "serviceAccountName"
  | "replicas"
  | "path"
  | "volume"
  | keyof typeof modelFields
  | "affinity"
  | "priorityClassName"
  | "runtimeClassName"
  | "host"
  | "tlsSecretName"
  | "trafficDistribution"
  | "selectPolicy"
  | "tolerance"
  | "minAllowed"
  | "memoryPerPod"
  | "timeSlice"
  | "threadPercentage"
  | "tokenSecretRef"
  | "turnSecretRef";

/** Keeps lists and maps; a quantity is the text that the API server would store. */
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

/** Fields without a default are only as complete as the user's spec. */
type Undefined<T> = [string | number] extends [T]
  ? string
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { readonly [Key in keyof T]: Undefined<T[Key]> }
      : T;

export type CompleteSpec = Complete<TunableSpec>;
