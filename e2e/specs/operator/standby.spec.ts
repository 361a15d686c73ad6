/** Two operators, one Lease: who writes, who takes over, and what leaves a process that has lost it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { startFaultProxy, type FaultProxy } from "../../faults/proxy.ts";
import { isWrite, type ApiRequest } from "../../faults/request.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { Workspace } from "./workspace.ts";

/** A fifth of the defaults, so that nobody waits for 15 s. */
const short = ["--lease-duration=3s", "--renew-deadline=2s", "--retry-period=400ms"];

/** An operator behind a proxy of its own, which sees each request that leaves it. */
interface Candidate {
  readonly operator: OperatorProcess;
  readonly proxy: FaultProxy;
  /** What it has written, or tried to, but for the Lease. */
  writes(): readonly ApiRequest[];
}

describe("two operators", function () {
  this.timeout(120_000);
  let work: Workspace;
  const proxies: FaultProxy[] = [];

  beforeEach(async () => {
    work = await Workspace.open(await operatorCluster());
  });
  afterEach(async () => {
    await work?.[Symbol.asyncDispose]();
    for (const proxy of proxies.splice(0)) await proxy[Symbol.asyncDispose]();
  });

  async function candidate(parameters: readonly string[]): Promise<Candidate> {
    const proxy = await startFaultProxy(await loadConnection({ kubeconfig: await work.operatorKubeconfig() }));
    proxies.push(proxy);
    const kubeconfig = join(work.cluster.directory, `${work.operatorNamespace}.${proxies.length}.kubeconfig`);
    await proxy.writeKubeconfig(kubeconfig);
    const operator = await work.launchOperator({ kubeconfig, parameters });
    const writes = (): readonly ApiRequest[] =>
      proxy.requests.filter((request) => isWrite(request) && request.resource !== "leases");
    return { operator, proxy, writes };
  }

  async function startTwo(parameters: readonly string[] = []): Promise<{ leader: Candidate; standby: Candidate }> {
    const leader = await candidate(parameters);
    await leader.operator.says("leading");
    const standby = await candidate(parameters);
    await standby.operator.says("standing by");
    return { leader, standby };
  }

  /** Has the Service's labels taken away, which the leader must not leave so. */
  async function drift(name: string): Promise<void> {
    await work.patch(childKinds.service.type, name, [{ op: "add", path: "/metadata/labels", value: {} }]);
  }

  async function untilRepaired(name: string): Promise<void> {
    await until("the repair", async () => {
      const { metadata } = await work.child("service", name);
      return metadata.labels?.["gpumedia.io/service"];
    });
  }

  it("write nothing twice: the standby watches and waits", async () => {
    const { leader, standby } = await startTwo();
    await work.apply("upscaler");
    await work.untilReady("upscaler");
    await drift("upscaler");
    await untilRepaired("upscaler");
    assert.deepEqual(standby.writes(), []);
    assert.ok(leader.writes().length > 0);
    assert.ok(standby.proxy.openWatches > 10, "its caches are warm");
    const { health = "" } = await standby.operator.says("connecting");
    assert.equal((await fetch(`${health}/readyz`)).status, 200);
  });

  it("with the defaults: the other leads within 20 s of the leader's death", async () => {
    const { leader, standby } = await startTwo();
    await work.apply("before");
    await work.untilReady("before");
    await leader.operator.end("SIGKILL");
    const killed = performance.now();
    await work.apply("meanwhile");
    await drift("before");
    await standby.operator.says("leading", { withinMs: 20_000 });
    await work.untilReady("meanwhile");
    await untilRepaired("before");
    // It must not take over at once either: the leader might only have been slow.
    assert.ok(performance.now() - killed > 10_000);
  });

  it("a leader that was suspended past its deadline wakes up, writes nothing and ends", async () => {
    const { leader, standby } = await startTwo(short);
    for (const name of ["one", "two", "three"]) await work.apply(name);
    for (const name of ["one", "two", "three"]) await work.untilReady(name);
    leader.operator.signal("SIGSTOP");
    // What it will find in its sockets when it wakes up.
    for (const name of ["one", "two", "three"]) await drift(name);
    await work.apply("four");
    await standby.operator.says("leading");
    for (const name of ["one", "two", "three"]) await untilRepaired(name);
    await work.untilReady("four");
    for (const name of ["one", "two", "three"]) await drift(name);
    const before = leader.writes().length;
    const { ended } = leader.operator;
    leader.operator.signal("SIGCONT");
    assert.equal(await ended, "exit 1");
    assert.deepEqual(leader.writes().slice(before), []);
    assert.ok(leader.operator.log.some(({ msg }) => msg.includes("lost the Lease")));
    for (const name of ["one", "two", "three"]) await untilRepaired(name);
  });

  it("a leader that can't renew stops before the other begins", async () => {
    const { leader, standby } = await startTwo(short);
    await work.apply("upscaler");
    await work.untilReady("upscaler");
    leader.proxy.inject({ kind: "hang" }, { resource: "leases" }, Infinity);
    const { ended } = leader.operator;
    // It has something to write all the time.
    const edit = async (): Promise<number | undefined> => {
      await drift("upscaler");
      const led = standby.operator.log.some(({ msg }) => msg === "leading");
      return led ? leader.writes().length : undefined;
    };
    const taken = await until("the standby to lead", edit, { everyMs: 200 });
    assert.equal(await ended, "exit 1");
    assert.deepEqual(leader.writes().slice(taken), []);
    await drift("upscaler");
    await untilRepaired("upscaler");
  });

  it("a leader whose Lease another has taken ends", async () => {
    const leader = await candidate(short);
    await leader.operator.says("leading");
    const { ended } = leader.operator;
    const path = `/apis/coordination.k8s.io/v1/namespaces/${work.operatorNamespace}/leases/gpumedia-operator`;
    await work.client.rawJson("PATCH", path, {
      body: { spec: { holderIdentity: "somebody-else" } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(await ended, "exit 1");
  });
});
