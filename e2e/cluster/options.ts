import type { OptionalApi } from "./optional-crds.ts";

export interface ClusterOptions {
  readonly apiServer?: {
    readonly featureGates?: Readonly<Record<string, boolean>>;
    /** Without API priority and fairness the API server only bounds how many requests are in flight. Default: on. */
    readonly priorityAndFairness?: boolean;
    /** Further flags; they win over ours. */
    readonly parameters?: readonly string[];
  };
  readonly controllerManager?: { readonly parameters?: readonly string[] };
  readonly scheduler?: { readonly parameters?: readonly string[] };
  /** How often HorizontalPodAutoscalers are looked at, as a Go duration. Default: Kubernetes' 15s. */
  readonly horizontalPodAutoscalerSyncPeriod?: string;
  /** When a node that falls silent counts as gone, as Go durations. Default: 5s and a day, as fake nodes send no heartbeats. */
  readonly nodeMonitor?: { readonly period: string; readonly gracePeriod: string };
  /**
   * Installs `crds/` before the controllers start. The garbage collector looks for new kinds every 30 s only, so what is
   * owned by a custom object made right after a later `installCrds()` is collected up to 30 s late.
   */
  readonly crds?: boolean;
  /** Installs CRDs that others own, before the controllers start for the same reason. Default: none. */
  readonly optionalCrds?: readonly OptionalApi[];
  /** All processes have a network of their own, in which pods and Services have real addresses: see `addProcessNode`. */
  readonly privateNetwork?: boolean;
  /** All processes are on a machine of their own, in which containers can run: see `addRealNode`. Needs root; implies `privateNetwork`. */
  readonly realNode?: boolean;
  /** Where the API server listens on 127.0.0.1; asked again while the port turns out to be taken. */
  readonly port?: () => Promise<number>;
}
