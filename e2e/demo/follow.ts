/** Waits for a state of a service, and prints each change on the way. */
import type { KubectlWithInput } from "../cluster/kubectl.ts";
import { until, type See } from "../cluster/until.ts";
import { autoscaling, type Autoscaler, type Deployment } from "./autoscaling.ts";

export interface Followed {
  readonly namespace: string;
  readonly name: string;
}

type Print = (line: string) => void;

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

type State = { readonly line: string; readonly isReached: boolean };

async function follow(what: string, read: () => Promise<State>, print: Print): Promise<void> {
  let last = "";
  const readAndPrint = async (see: See): Promise<boolean> => {
    const { line, isReached } = await read();
    if (see(line) !== last) print(line);
    last = line;
    return isReached;
  };
  await until(what, readAndPrint, { withinMs, everyMs: 100 });
}

export async function followUntilReady(kubectl: KubectlWithInput, service: Followed, print: Print): Promise<void> {
  const { namespace, name } = service;
  const read = async (): Promise<State> => {
    const { status } = JSON.parse(await kubectl("", "get", "gms", name, "-n", namespace, "-o", "json")) as Service;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const line = ready === undefined ? "no status yet" : `Ready is ${ready.status}, ${ready.reason}: ${ready.message}`;
    return { line, isReached: ready?.status === "True" };
  };
  await follow(`${name} to be Ready`, read, print);
}

/** Waits until the autoscaler, the Deployment and the service's status agree on the replicas. */
export async function followReplicas(
  kubectl: KubectlWithInput,
  service: Followed,
  replicas: number,
  print: Print,
): Promise<void> {
  const { namespace, name } = service;
  const read = async (): Promise<State> => {
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
    const isReported = status?.replicas?.desired === replicas && status.replicas.ready === replicas;
    return { line, isReached: desired === replicas && ready === replicas && isReported };
  };
  await follow(`${replicas} replicas of ${name}`, read, print);
}

/** Waits until the load test has a verdict, and prints why it has none. */
export async function followTest(
  kubectl: KubectlWithInput,
  { namespace, name }: Followed,
  print: Print,
): Promise<void> {
  const read = async (): Promise<State> => {
    const { status } = JSON.parse(await kubectl("", "get", "gmlt", name, "-n", namespace, "-o", "json")) as LoadTest;
    return { line: status?.conditions?.[0]?.message ?? "no status yet", isReached: status?.verdict !== undefined };
  };
  await follow(`a verdict of ${name}`, read, print);
}

interface LoadTest {
  readonly status?: { readonly verdict?: string; readonly conditions?: readonly { readonly message: string }[] };
}
