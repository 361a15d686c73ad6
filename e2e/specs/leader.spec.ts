/** Several processes, one Lease, a real API server: who may write, and when does the next one take over? */
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
import type { CandidateOptions, CandidateReport } from "./leader-candidate.ts";

/** A fifth of the defaults, so that nobody waits for 15 s; the defaults are tested with a clock in hand. */
const timing: LeaseTiming = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 400 };
/** For a request, and for an event loop on a machine that others use too. */
const slackMs = 1_000;
const namespace = "default";
const candidateProgram = fileURLToPath(new URL("leader-candidate.ts", import.meta.url));

/** A candidate in a process of its own, and what it has said. */
class Candidate {
  readonly identity: string;
  readonly reports: CandidateReport[] = [];
  readonly #process: ChildProcess;
  #news = Promise.withResolvers<void>();

  constructor(options: CandidateOptions) {
    this.identity = options.identity;
    const stdio = ["pipe", "pipe", "inherit"] as const;
    const child = spawn(process.execPath, [candidateProgram, JSON.stringify(options)], { stdio: [...stdio] });
    this.#process = child;
    createInterface(child.stdout).on("line", (line) => {
      this.reports.push(JSON.parse(line) as CandidateReport);
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    });
  }

  /** The first report of a kind that was made at or after `since`. */
  says(what: CandidateReport["what"], since = 0): Promise<CandidateReport> {
    return this.#first((report) => report.what === what && report.at >= since);
  }

  /** Resolves when it has tried to write until `at`, whatever came of it. */
  async triesUntil(at: number): Promise<void> {
    await this.#first((report) => ["wrote", "refused", "failed"].includes(report.what) && report.at >= at);
  }

  async #first(isWanted: (report: CandidateReport) => boolean): Promise<CandidateReport> {
    for (;;) {
      const found = this.reports.find(isWanted);
      if (found !== undefined) return found;
      await this.#news.promise;
    }
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  /** Ends it, also when it is suspended or has ended already. */
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

  /** One that leads and writes, and one that stands by. */
  async function startTwo(): Promise<{ leader: Candidate; standby: Candidate }> {
    const leader = start("first");
    await leader.says("wrote");
    const standby = start("second");
    // It stands by from its first look at the Lease on.
    await cluster.audit.waitFor(({ userAgent, verb }) => userAgent === standby.identity && verb === "get");
    return { leader, standby };
  }

  async function leaseSpec(): Promise<LeaseSpec | undefined> {
    return (await leaseStore(client, namespace, leaseName).read(5_000))?.spec;
  }

  it("lets one lead, writes a Lease that others can read, and keeps the other from writing", async () => {
    const { leader, standby } = await startTwo();
    const before = await leaseSpec();
    await leader.says("wrote", Date.now() + 2 * timing.retryPeriodMs);
    const after = await leaseSpec();
    const { acquireTime, renewTime, ...rest } = after ?? {};
    assert.deepEqual(rest, { holderIdentity: leader.identity, leaseDurationSeconds: 3, leaseTransitions: 0 });
    assert.equal(acquireTime, before?.acquireTime);
    assert.ok(String(renewTime) > String(before?.renewTime), `${renewTime} after ${before?.renewTime}`);
    assert.deepEqual(standby.reports, []);
  });

  it("lets the other lead when the leader is killed", async () => {
    const { leader, standby } = await startTwo();
    await leader.end("SIGKILL");
    const killedAt = Date.now();
    const { at } = await standby.says("leading");
    // With the defaults: 15 s and 2 s.
    const atMost = timing.leaseDurationMs + timing.retryPeriodMs + slackMs;
    assert.ok(at - killedAt <= atMost, `took ${at - killedAt} ms`);
    await standby.says("wrote");
    const { holderIdentity, leaseTransitions } = (await leaseSpec()) ?? {};
    assert.deepEqual({ holderIdentity, leaseTransitions }, { holderIdentity: standby.identity, leaseTransitions: 1 });
  });

  it("lets the other lead within retryPeriod when the leader ends in order", async () => {
    const { leader, standby } = await startTwo();
    const endedAt = Date.now();
    assert.equal(await leader.end("SIGTERM"), 0);
    const { at } = await standby.says("leading");
    assert.ok(at - endedAt <= timing.retryPeriodMs + slackMs, `took ${at - endedAt} ms`);
  });

  it("leaves a Lease that is free for anyone when the last one ends in order", async () => {
    const leader = start("only");
    await leader.says("wrote");
    const held = await leaseSpec();
    assert.equal(await leader.end("SIGTERM"), 0);
    const { acquireTime: _acquired, renewTime: _renewed, ...rest } = (await leaseSpec()) ?? {};
    assert.deepEqual(rest, { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: held?.leaseTransitions });
  });

  it("lets no write leave a leader that was suspended while another took over, though it goes on trying", async () => {
    const { leader, standby } = await startTwo();
    leader.signal("SIGSTOP");
    const { at: tookOverAt } = await standby.says("leading");
    await standby.says("wrote");
    const wokenAt = Date.now();
    leader.signal("SIGCONT");
    const lost = await leader.says("lost");
    await leader.triesUntil(lost.at + 500);
    await standby.triesUntil(Date.now());

    const { events } = cluster.audit;
    assert.deepEqual(writesOf(leader, events, tookOverAt), []);
    // It was asked to write all the time, and the log does see those who do.
    const refused = leader.reports.filter(({ what, at }) => what === "refused" && at >= wokenAt);
    assert.ok(refused.length > 10, `${refused.length} refused`);
    assert.ok(writesOf(leader, events, 0).length > 0);
    assert.ok(writesOf(standby, events, tookOverAt).length > 0);
  });
});

/** The writes that the API server has received from a process, to whatever object. */
function writesOf({ identity }: Candidate, events: readonly AuditEvent[], since: number): readonly AuditEvent[] {
  return events.filter(
    ({ userAgent, verb, requestReceivedTimestamp }) =>
      userAgent === identity && verb !== "get" && Date.parse(requestReceivedTimestamp) >= since,
  );
}
