import type { OptionalApi } from "./optional-crds.ts";

export interface ClusterOptions {
  readonly apiServer?: {
    readonly featureGates?: Readonly<Record<string, boolean>>;
    /** Off: the API server only limits the number of requests in flight. Default: on. */
    readonly priorityAndFairness?: boolean;
    /** More flags; they override ours. */
    readonly parameters?: readonly string[];
  };
  readonly controllerManager?: { readonly parameters?: readonly string[] };
  readonly scheduler?: { readonly parameters?: readonly string[] };
  /** How often HorizontalPodAutoscalers are reconciled, as a Go duration. Default: 15s, as in Kubernetes. */
  readonly horizontalPodAutoscalerSyncPeriod?: string;
  /** When a node without heartbeats becomes NotReady, as Go durations. Default: 5s and a day: fake nodes send none. */
  readonly nodeMonitor?: { readonly period: string; readonly gracePeriod: string };
  /**
   * Installs `crds/` before the controllers start. The garbage collector discovers new kinds only every 30 s: after a later
   * `installCrds()` it deletes what a custom object owns up to 30 s late.
   */
  readonly crds?: boolean;
  /** CRDs of other projects to install before the controllers start, for the same reason. Default: none. */
  readonly optionalCrds?: readonly OptionalApi[];
  /** Runs all processes in a private network, in which pods and Services have real addresses: see `addProcessNode`. */
  readonly privateNetwork?: boolean;
  /** Runs all processes in namespaces in which containers can run: see `addRealNode`. Needs root; implies `privateNetwork`. */
  readonly realNode?: boolean;
  /** Returns the API server's port on 127.0.0.1; called again if that port is in use. */
  readonly port?: () => Promise<number>;
}
