/**
 * A process that stands for election and, once it leads, writes every few milliseconds without checking whether it still
 * leads, even after it has lost the Lease: only the fence can stop its writes.
 *
 *   node leader-candidate.ts '{"kubeconfig": …, "identity": …, …}'
 *
 * Reports to standard output, one JSON object per line. Exits on SIGTERM, or when its standard input ends.
 */
import { createApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { createTransport } from "@gpumedia/operator/src/kube/transport.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { leaseStore } from "@gpumedia/operator/src/runtime/leader-lease.ts";
import { Leadership, NotLeader, type LeaseTiming } from "@gpumedia/operator/src/runtime/leader.ts";
import { superviseProcess } from "@gpumedia/operator/src/runtime/lifecycle.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { namespacedType } from "@gpumedia/operator/src/kube/object.ts";

export interface CandidateOptions extends LeaseTiming {
  readonly kubeconfig: string;
  /** Also the user agent, which identifies the candidate in the audit log, and the name of the ConfigMap that it writes. */
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

const configMaps = namespacedType("v1", "ConfigMap", "configmaps");
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
  const leadership = new Leadership({ ...timing, lease, identity, clock: systemClock, log });
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
