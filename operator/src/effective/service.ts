/** A service with every value, from which the children are rendered. Rendering knows no defaults. */
import type { CompleteSpec, GuideSection } from "@gpumedia/api";

/**
 * The spec with every value, including derived ones: `resources` has the GPUs, `scheduling.tolerations` the taint of their
 * nodes, and with `gpu.count: 0` nothing needs a GPU.
 */
export type EffectiveSpec = CompleteSpec;

export interface EffectiveService extends EffectiveSpec {
  readonly name: string;
  readonly namespace: string;
  readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string };
  /** The name of the profile in use. */
  readonly profile: string;
  readonly suspend: boolean;
  readonly image: string;
}

/** The origin of a value. */
export type Origin =
  /** The guide's own value, through the built-in profile of that name. */
  | { readonly kind: "guide"; readonly profile: string; readonly section: GuideSection }
  /** A built-in profile's choice, where the guide gives no number (`section`) or nothing. */
  | { readonly kind: "choice"; readonly profile: string; readonly section?: GuideSection; readonly why: string }
  /** A GpuMediaProfile of the cluster. */
  | { readonly kind: "profile"; readonly profile: string }
  /** The service itself. */
  | { readonly kind: "spec" }
  /** A flag of the operator. */
  | { readonly kind: "flag"; readonly flag: string }
  /** Derived from another value. */
  | { readonly kind: "derived"; readonly from: string; readonly section?: GuideSection; readonly why: string };

export interface Problem {
  /** `autoscaling.horizontal.minReplicas`; empty for the whole spec. */
  readonly path: string;
  /** The problem and the next step. */
  readonly message: string;
}

/** Why there is no effective service; `message` is one line for a condition. */
export type Ineffective =
  | {
      readonly kind: "UnknownProfile";
      readonly profile: string;
      /** A built-in profile with a similar name. */
      readonly suggestion: string | undefined;
      readonly chain: readonly string[];
      readonly message: string;
    }
  | { readonly kind: "ProfileCycle"; readonly chain: readonly string[]; readonly message: string }
  | {
      readonly kind: "InvalidSpec";
      /** The profile with the problem; absent: the service's own spec. */
      readonly profile?: string;
      readonly problems: readonly Problem[];
      readonly message: string;
    };

export type Effective =
  | { readonly kind: "Effective"; readonly service: EffectiveService; readonly origins: ReadonlyMap<string, Origin> }
  | Ineffective;
