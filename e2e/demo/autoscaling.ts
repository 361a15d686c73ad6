/** What an autoscaler sees and does, in a line. Pure. */

export interface Autoscaler {
  readonly status?: {
    readonly desiredReplicas?: number;
    readonly currentMetrics?: readonly {
      /** A quantity: `83` or `83250m`. */
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

/** Roughly: who follows it would get a line a second otherwise. */
const step = 10;

export function autoscaling({ status = {} }: Autoscaler, deployment: Deployment): Autoscaling {
  const desired = status.desiredReplicas ?? deployment.spec.replicas ?? 0;
  const ready = deployment.status?.readyReplicas ?? 0;
  const figure = status.currentMetrics?.find(({ pods }) => pods !== undefined)?.pods?.current.averageValue;
  const percent = figure?.endsWith("m") === true ? Number(figure.slice(0, -1)) / 1000 : Number(figure);
  const gpu = figure === undefined ? "no GPU figure yet" : `GPUs at about ${Math.round(percent / step) * step} %`;
  return { line: `${gpu}: ${desired} wanted, ${ready} ready`, desired, ready };
}
