/** Several processes, one Lease, a real API server: which one writes, and when does another take over? */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createApiClient, type ApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { createTransport, type Transport } from "@gpumedia/operator/src/kube/transport.ts";
import type { LeaseTiming } from "@gpumedia/operator/src/runtime/leader.ts";
import { leaseStore, type LeaseSpec } from "@gpumedia/operator/src/runtime/leader-lease.ts";
import type { AuditEvent, Cluster } from "../cluster/cluster.ts";
import { sharedCluster } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import type { CandidateOptions, CandidateReport } from "./leader-candidate.ts";

/** A fifth of the defaults, to shorten the waits; the unit tests use the defaults with a fake clock. */
const timing: LeaseTiming = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 400 };
/** For a request, and for an event loop on a busy machine. */
const slackMs = 1_000;
const namespace = "default";
const candidateProgram = fileURLToPath(new URL("leader-candidate.ts", import.meta.url));

/** A candidate in its own process, and its reports. */
class Candidate {
  readonly identity: string;
  readonly reports: CandidateReport[] = [];
  readonly #process: ChildProcess;
  constructor(options: CandidateOptions) {
    this.identity = options.identity;
    const stdio = ["pipe", "pipe", "inherit"] as const;
    const child = spawn(process.execPath, [candidateProgram, JSON.stringify(options)], { stdio: [...stdio] });
    this.#process = child;
    createInterface(child.stdout).on("line", (line) => {
      this.reports.push(JSON.parse(line) as CandidateReport);
    });
  }

  /** Waits for a report at or after `since`, and returns the first one. */
  untilReported(what: CandidateReport["what"], since = 0): Promise<CandidateReport> {
    return until(
      `${this.identity} to report "${what}" since ${since}`,
      (see) => {
        see(this.reports.at(-1));
        return this.reports.find((report) => report.what === what && report.at >= since);
      },
      { everyMs: 5, withinMs: 20_000 },
    );
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  /** Stops it unless it has exited, and returns its exit code. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal);
      await once(this.#process, "exit");
    }
    return this.#process.exitCode;
  }
}

describe("leader election on a real API server", () => {
  let cluster: Cluster;
  let transport: Transport;
  let client: ApiClient;
  let leaseName = "";
  const candidates: Candidate[] = [];

  before(async () => {
    cluster = await sharedCluster();
    transport = createTransport(await loadConnection({ kubeconfig: cluster.kubeconfig }), { userAgent: "spec" });
    client = createApiClient(transport);
  });
  after(() => transport.close());
  beforeEach(() => {
    leaseName = `operator-${randomUUID()}`;
  });
  afterEach(async () => void (await Promise.all(candidates.splice(0).map((candidate) => candidate.end("SIGKILL")))));

  function start(name: string): Candidate {
    const identity = `${leaseName}-${name}`;
    const candidate = new Candidate({ ...timing, kubeconfig: cluster.kubeconfig, identity, namespace, leaseName });
    candidates.push(candidate);
    return candidate;
  }

  async function startTwo(): Promise<{ leader: Candidate; standby: Candidate }> {
    const leader = start("first");
    await leader.untilReported("wrote");
    const standby = start("second");
    // It is a standby once it has read the Lease.
    await cluster.audit.waitFor(({ userAgent, verb }) => userAgent === standby.identity && verb === "get");
    return { leader, standby };
  }

  async function leaseSpec(): Promise<LeaseSpec | undefined> {
    return (await leaseStore(client, namespace, leaseName).read(5_000))?.spec;
  }

  it("elects one leader, renews its Lease, and keeps the standby from writing", async () => {
    const { leader, standby } = await startTwo();
    const before = await leaseSpec();
    await leader.untilReported("wrote", Date.now() + 2 * timing.retryPeriodMs);
    const after = await leaseSpec();
    const { acquireTime, renewTime, ...rest } = after ?? {};
    assert.deepEqual(rest, { holderIdentity: leader.identity, leaseDurationSeconds: 3, leaseTransitions: 0 });
    assert.equal(acquireTime, before?.acquireTime);
    assert.ok(String(renewTime) > String(before?.renewTime), `${renewTime} after ${before?.renewTime}`);
    assert.deepEqual(standby.reports, []);
  });

  it("elects the standby when the leader is killed", async () => {
    const { leader, standby } = await startTwo();
    await leader.end("SIGKILL");
    const killedAt = Date.now();
    const { at } = await standby.untilReported("leading");
    // The defaults are 15 s and 2 s.
    const atMost = timing.leaseDurationMs + timing.retryPeriodMs + slackMs;
    assert.ok(at - killedAt <= atMost, `took ${at - killedAt} ms`);
    await standby.untilReported("wrote");
    const { holderIdentity, leaseTransitions } = (await leaseSpec()) ?? {};
    assert.deepEqual({ holderIdentity, leaseTransitions }, { holderIdentity: standby.identity, leaseTransitions: 1 });
  });

  it("elects the standby within the retry period when the leader shuts down gracefully", async () => {
    const { leader, standby } = await startTwo();
    const endedAt = Date.now();
    assert.equal(await leader.end("SIGTERM"), 0);
    const { at } = await standby.untilReported("leading");
    assert.ok(at - endedAt <= timing.retryPeriodMs + slackMs, `took ${at - endedAt} ms`);
  });

  it("leaves a released Lease when the only candidate shuts down gracefully", async () => {
    const leader = start("only");
    await leader.untilReported("wrote");
    const held = await leaseSpec();
    assert.equal(await leader.end("SIGTERM"), 0);
    const { acquireTime: _acquired, renewTime: _renewed, ...rest } = (await leaseSpec()) ?? {};
    assert.deepEqual(rest, { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: held?.leaseTransitions });
  });

  it("sends no write of a leader that was suspended while the standby took over, although it keeps trying", async () => {
    const { leader, standby } = await startTwo();
    leader.signal("SIGSTOP");
    const { at: tookOverAt } = await standby.untilReported("leading");
    await standby.untilReported("wrote");
    leader.signal("SIGCONT");
    const lost = await leader.untilReported("lost");
    const refused = () => leader.reports.filter(({ what, at }) => what === "refused" && at >= lost.at);
    await until("more than 10 refused writes after the loss of the Lease", (see) => see(refused().length) > 10);
    await standby.untilReported("wrote", Date.now());

    const { events } = cluster.audit;
    assert.deepEqual(writesOf(leader, events, tookOverAt), []);
    // The audit log does record the writes of both.
    assert.ok(writesOf(leader, events, 0).length > 0);
    assert.ok(writesOf(standby, events, tookOverAt).length > 0);
  });
});

/** Returns the writes that the API server received from a candidate. */
function writesOf({ identity }: Candidate, events: readonly AuditEvent[], since: number): readonly AuditEvent[] {
  return events.filter(
    ({ userAgent, verb, requestReceivedTimestamp }) =>
      userAgent === identity && verb !== "get" && Date.parse(requestReceivedTimestamp) >= since,
  );
}
