/** The metric and the decision of an autoscaler, in one line. Pure. */

export interface Autoscaler {
  readonly status?: {
    readonly desiredReplicas?: number;
    readonly currentMetrics?: readonly {
      /** A quantity, such as `83` or `83250m`. */
      readonly pods?: { readonly current: { readonly averageValue?: string } };
    }[];
  };
}

export interface Deployment {
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

export interface Autoscaling {
  readonly line: string;
  readonly desired: number;
  readonly ready: number;
}

/** In steps of ten: exact figures would print a line a second. */
const step = 10;

export function autoscaling({ status = {} }: Autoscaler, deployment: Deployment): Autoscaling {
  const desired = status.desiredReplicas ?? deployment.spec.replicas ?? 0;
  const ready = deployment.status?.readyReplicas ?? 0;
  const figure = status.currentMetrics?.find(({ pods }) => pods !== undefined)?.pods?.current.averageValue;
  const percent = figure?.endsWith("m") === true ? Number(figure.slice(0, -1)) / 1000 : Number(figure);
  const line =
    figure === undefined
      ? `no GPU metric yet; ${ready} ready`
      : `GPUs at about ${Math.round(percent / step) * step} %: ${desired} desired, ${ready} ready`;
  return { line, desired, ready };
}
