/** From a GpuMediaService to a picture, with real containers only. */
import assert from "node:assert/strict";
import { sendPicture, sizeOf } from "../../cluster/process-node/client.ts";
import { addressOf } from "../loop/loop-cluster.ts";
import { inRealCluster, release } from "./real-cluster.ts";
import { podsOf, quick, reportOf } from "./pods.ts";

describe("a service in real pods", function () {
  this.timeout(300_000);
  const at = inRealCluster();

  it("runs two ready replicas of the operator, one of them the leader, with the operator's service account", async () => {
    const { cluster, operatorNamespace } = at.real;
    const pods = await podsOf(cluster, operatorNamespace, "app.kubernetes.io/name=gpumedia-operator");
    assert.deepEqual(
      pods.map(({ spec, status }) => [spec.serviceAccountName, status.containerStatuses?.[0]?.ready]),
      [
        ["gpumedia-operator", true],
        ["gpumedia-operator", true],
      ],
    );
    const path = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/gpumedia-operator`;
    const { spec } = (await cluster.rest.get(path)) as { readonly spec: { readonly holderIdentity: string } };
    assert.ok(
      pods.some(({ metadata }) => spec.holderIdentity.includes(metadata.name)),
      spec.holderIdentity,
    );
  });

  it("passes the chart's test, which sends a request to the name of the operator's Service", async () => {
    const output = await at.real.helm.run("test", release, "-n", at.real.operatorNamespace, "--timeout", "120s");
    assert.match(output, /Phase:\s+Succeeded/);
  });

  it("answers with pictures of twice the size, from two containers with one GPU each", async () => {
    await at.work.apply("upscaler", { ...quick, replicas: 2 });
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 120_000 });
    const answer = await sendPicture(await addressOf(at.work, "upscaler", at.real.agent), at.real.agent);
    assert.deepEqual([answer.status, answer.type, sizeOf(answer.body)], [200, "image/jpeg", [1280, 854]]);

    await at.work.untilCondition("upscaler", "MetricsReporting", { status: "True" }, { withinMs: 60_000 });
    const uuids = [];
    for (const pod of await podsOf(at.real.cluster, at.work.namespace)) {
      const { gpus } = await reportOf(at.real.cluster, at.work.namespace, pod);
      uuids.push(...gpus.devices.map(({ uuid }) => uuid));
    }
    assert.equal(uuids.length, 2);
    assert.equal(new Set(uuids).size, 2);
  });
});
