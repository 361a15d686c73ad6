/** What `make kind` would apply, judged without Docker: by an API server, and by what its script relies on. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Cluster } from "../../cluster/cluster.ts";
import { devicePlugin } from "../../cluster/real-node/device-plugin.ts";
import { sharedCluster } from "../../cluster/shared.ts";

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

describe("the cluster of kind", () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await sharedCluster();
  });

  it("has one node with mock GPUs, whose state is mounted where the device plugin reads it", async () => {
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
    assert.ok(spec.template.spec.volumes.some(({ hostPath }) => hostPath.path.startsWith("/gpumedia/")));
  });

  it("gets a device plugin and an example that an API server takes", async () => {
    const dryRun = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
    const selector = { "gpumedia.io/mock-gpus": "true" };
    const plugin = await cluster.kubectlWithInput(devicePlugin("/gpumedia", selector), ...dryRun);
    assert.match(plugin, /nvidia-device-plugin created \(server dry run\)/);
    // What is to be in a namespace that is not there is refused, also when nothing is to be written.
    const namespace = await cluster.newNamespace();
    const example = await readFile(file("e2e/kind/example.yaml"), "utf8");
    const moved = example.replaceAll("namespace: media", `namespace: ${namespace}`);
    const told = await cluster.kubectlWithInput(moved, ...dryRun);
    assert.match(told, /gpumediaservice.gpumedia.io\/upscaler created \(server dry run\)/);
    assert.match(told, /gpumedialoadtest.gpumedia.io\/pictures created \(server dry run\)/);
  });
});
