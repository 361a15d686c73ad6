/** What `make kind` applies, without Docker: an API server accepts it, and the script's assumptions about it hold. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Cluster } from "../../cluster/cluster.ts";
import { devicePlugin } from "../../cluster/real-node/device-plugin.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

describe("make kind", () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await operatorCluster();
  });

  it("creates one node with mock GPUs, and mounts their state where the device plugin reads it", async () => {
    assert.deepEqual(parse(await readFile(file("kind-config.yaml"), "utf8")), {
      kind: "Cluster",
      apiVersion: "kind.x-k8s.io/v1alpha4",
      name: "gpumedia",
      nodes: [
        { role: "control-plane" },
        {
          role: "worker",
          labels: { "gpumedia.io/mock-gpus": "true" },
          extraMounts: [{ hostPath: "dist/kind", containerPath: "/gpumedia", readOnly: true }],
        },
      ],
    });
    const { spec } = devicePlugin("/gpumedia");
    assert.ok(spec.template.spec.volumes.some(({ hostPath }) => hostPath?.path.startsWith("/gpumedia/") === true));
  });

  it("applies a device plugin and an example that the API server accepts", async () => {
    const dryRun = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
    const nodeSelector = { "gpumedia.io/mock-gpus": "true" };
    const plugin = await cluster.kubectlWithInput(devicePlugin("/gpumedia", { nodeSelector }), ...dryRun);
    assert.match(plugin, /nvidia-device-plugin created \(server dry run\)/);
    // Even a dry run is refused in a namespace that does not exist.
    const namespace = await cluster.newNamespace();
    const example = await readFile(file("e2e/kind/example.yaml"), "utf8");
    const moved = example.replaceAll("namespace: media", `namespace: ${namespace}`);
    const output = await cluster.kubectlWithInput(moved, ...dryRun);
    assert.match(output, /gpumediaservice.gpumedia.io\/upscaler created \(server dry run\)/);
    assert.match(output, /gpumedialoadtest.gpumedia.io\/pictures created \(server dry run\)/);
  });
});
