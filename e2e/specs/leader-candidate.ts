/**
 * A process that stands for election and, from the moment it leads, writes every few milliseconds without ever asking
 * whether it still leads: nothing but the fence can stop it. It doesn't even exit when it loses the Lease.
 *
 *   node leader-candidate.ts '{"kubeconfig": …, "identity": …, …}'
 *
 * Says on standard output what happens, one JSON object per line; ends on SIGTERM, or when its standard input ends.
 */
import { createApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { createTransport } from "@gpumedia/operator/src/kube/transport.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { leaseStore } from "@gpumedia/operator/src/runtime/leader-lease.ts";
import { NotLeader, standForElection, type LeaseTiming } from "@gpumedia/operator/src/runtime/leader.ts";
import { superviseProcess } from "@gpumedia/operator/src/runtime/lifecycle.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";

export interface CandidateOptions extends LeaseTiming {
  readonly kubeconfig: string;
  /** Also the user agent, by which the audit log tells candidates apart, and the name of the ConfigMap that it writes. */
  readonly identity: string;
  readonly namespace: string;
  readonly leaseName: string;
}

export interface CandidateReport {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly what: "leading" | "wrote" | "refused" | "lost" | "failed";
  readonly message?: string;
}

const configMaps = { group: "", version: "v1", kind: "ConfigMap", resource: "configmaps", namespaced: true };
const writeEveryMs = 20;

function report(what: CandidateReport["what"], message?: string): void {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), what, message })}\n`);
}

async function main({ kubeconfig, identity, namespace, leaseName, ...timing }: CandidateOptions): Promise<void> {
  const log = createLogger({ level: "warn" });
  const lifecycle = superviseProcess({ timeoutMs: 10_000, process, clock: systemClock, log });
  process.stdin.resume().on("end", () => process.exit(2));

  const transport = createTransport(await loadConnection({ kubeconfig }), { userAgent: identity });
  const lease = leaseStore(createApiClient(transport), namespace, leaseName);
  const leadership = standForElection({ ...timing, lease, identity, clock: systemClock, log });
  lifecycle.onStop("Lease", () => leadership.release());
  const client = createApiClient(transport, { fence: leadership.fence });

  const write = async (count: number): Promise<void> => {
    const metadata = { name: identity, namespace };
    const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { count: String(count) } };
    try {
      await client.apply(configMaps, manifest, { fieldManager: "candidate", force: true });
      report("wrote");
    } catch (error) {
      report(error instanceof NotLeader ? "refused" : "failed", String(error));
    }
  };

  void leadership.lost.then((reason) => report("lost", reason));
  await leadership.elected;
  report("leading");
  let count = 0;
  setInterval(() => void write(count++), writeEveryMs);
}

await main(JSON.parse(process.argv[2] ?? "") as CandidateOptions);
