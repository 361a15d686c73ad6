/** Follows a service until it is where the demo wants it, and tells each thing that changes on the way. */
import type { KubectlWithInput } from "../cluster/kubectl.ts";
import { until } from "../cluster/until.ts";
import { autoscaling, type Autoscaler, type Deployment } from "./autoscaling.ts";

export interface Followed {
  readonly namespace: string;
  readonly name: string;
}

type Tell = (line: string) => void;

interface Service {
  readonly status?: {
    readonly replicas?: { readonly desired: number; readonly ready: number };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

const withinMs = 180_000;

async function follow(what: string, look: () => Promise<{ line: string; arrived: boolean }>, tell: Tell) {
  let last = "";
  const lookAgain = async (): Promise<true | undefined> => {
    const { line, arrived } = await look();
    if (line !== last) tell(line);
    last = line;
    return arrived ? true : undefined;
  };
  await until(what, lookAgain, { withinMs, everyMs: 100 });
}

export async function followUntilReady(kubectl: KubectlWithInput, service: Followed, tell: Tell): Promise<void> {
  const { namespace, name } = service;
  const look = async (): Promise<{ line: string; arrived: boolean }> => {
    const { status } = JSON.parse(await kubectl("", "get", "gms", name, "-n", namespace, "-o", "json")) as Service;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const line = ready === undefined ? "no status yet" : `Ready is ${ready.status}, ${ready.reason}: ${ready.message}`;
    return { line, arrived: ready?.status === "True" };
  };
  await follow(`${name} to be Ready`, look, tell);
}

/** Until the autoscaler wants so many replicas, so many serve, and the service says so, which may take it two seconds. */
export async function followReplicas(
  kubectl: KubectlWithInput,
  service: Followed,
  wanted: number,
  tell: Tell,
): Promise<void> {
  const { namespace, name } = service;
  const look = async (): Promise<{ line: string; arrived: boolean }> => {
    const text = await kubectl(
      "",
      "get",
      `hpa/${name}`,
      `deployment/${name}`,
      `gms/${name}`,
      "-n",
      namespace,
      "-o",
      "json",
    );
    const { items } = JSON.parse(text) as { items: readonly [Autoscaler, Deployment, Service] };
    const [autoscaler, deployment, { status }] = items;
    const { line, desired, ready } = autoscaling(autoscaler, deployment);
    const told = status?.replicas?.desired === wanted && status.replicas.ready === wanted;
    return { line, arrived: desired === wanted && ready === wanted && told };
  };
  await follow(`${wanted} replicas of ${name}`, look, tell);
}
