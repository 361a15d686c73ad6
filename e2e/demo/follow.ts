/** Follows a service until it is Ready, and tells each thing that its status says on the way. */
import type { KubectlWithInput } from "../cluster/kubectl.ts";
import { until } from "../cluster/until.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

interface Service {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const withinMs = 60_000;

export async function followUntilReady(
  kubectl: KubectlWithInput,
  service: { readonly namespace: string; readonly name: string },
  tell: (line: string) => void,
): Promise<void> {
  let last = "";
  const look = async (): Promise<true | undefined> => {
    const { namespace, name } = service;
    const { status } = JSON.parse(await kubectl("", "get", "gms", name, "-n", namespace, "-o", "json")) as Service;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const line = ready === undefined ? "no status yet" : `Ready is ${ready.status}, ${ready.reason}: ${ready.message}`;
    if (line !== last) tell(line);
    last = line;
    return ready?.status === "True" ? true : undefined;
  };
  await until(`${service.name} to be Ready`, look, { withinMs, everyMs: 100 });
}
