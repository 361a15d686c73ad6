/** The HPA scales our services on the CPU that metrics-server reports of real processors, with the guide's target. */
import assert from "node:assert/strict";
import { startCluster } from "../cluster/cluster.ts";
import { shared } from "../cluster/shared.ts";
import { atOnce, quick } from "../specs/loop/loop-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { MetricsServer, metricsServerPrograms } from "./metrics-server.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import { ScaledService } from "./scaled-service.ts";
import { quietSeconds, writesOfAQuietMinute } from "./writes.ts";

if (isPossible) await metricsServerPrograms();

const cluster = shared(async () => {
  const started = await startCluster({
    crds: true,
    privateNetwork: true,
    horizontalPodAutoscalerSyncPeriod: "1s",
  });
  await started.addProcessNode({ gpus: 4, backOffMs: 500 });
  return started;
});

const name = "upscaler";
const patiently = { withinMs: 240_000 };

/** The guide's target of 70 % CPU, of a request that one busy worker exceeds. */
const spec = {
  ...quick,
  gpu: { count: 1 },
  autoscaling: {
    horizontal: { minReplicas: 1, maxReplicas: 2, behavior: { scaleUp: atOnce, scaleDown: atOnce } },
  },
};

describe("metrics-server 0.9.0", function () {
  this.timeout(600_000);
  skipUnlessPossible();
  const work = new Workspace();
  const scaled = new ScaledService(work, name);
  let server: MetricsServer;
  let missing: string;

  before(async () => {
    await work.open(await cluster());
    await work.startOperator();
    await work.apply(name, spec);
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    const absent = { status: "False", reason: "ApiMissing" } as const;
    missing = (await work.untilCondition(name, "ScalingReady", absent, patiently)).message;
    server = await MetricsServer.start(work.cluster, work.namespace);
  });
  after(() => work[Symbol.asyncDispose]());

  beforeEach(() => scaled.untilIdle());

  it("adds a pod on the guide's CPU metric under load, and removes it after the load", async () => {
    await scaled.getsAPodUnderLoad();
  });

  it("is missed by name before it is there, which does not keep a service from being Ready", () => {
    assert.match(missing, /metrics\.k8s\.io/);
  });

  it("keeps the replicas and the service Ready while it is stopped, as ScalingReady reports", async () => {
    await scaled.keepsItsReplicasWithout(server);
  });

  it(`leaves the operator nothing to write for ${quietSeconds} s`, async () => {
    assert.deepEqual(await writesOfAQuietMinute(work), { ours: [], theirs: [] });
  });

  it("is read on when our operator is upgraded", async () => {
    await scaled.survivesAnUpgradeOfTheOperator();
  });
});
