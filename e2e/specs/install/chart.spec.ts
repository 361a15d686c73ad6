/** The chart renders what the one source says, for every way to install, and the API server accepts it. */
import assert from "node:assert/strict";
import { install, installNamespace, type Release } from "@gpumedia/install";
import type { Cluster } from "../../cluster/cluster.ts";
import { createKubectl } from "../../cluster/kubectl.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";
import { chart, chartVersion, Helm, helmTools, helmVersions, kubernetes } from "./helm.ts";
import { valuesCases } from "./values.cases.ts";

const key = ({ apiVersion, kind, metadata }: KubernetesObject): string =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
const byKey = (objects: readonly object[]): object =>
  Object.fromEntries((objects as readonly KubernetesObject[]).map((object) => [key(object), object]));

await helmTools();

const version = await chartVersion();
const releaseOf = (release: string, namespace: string): Release => ({
  release,
  namespace,
  version,
  managedBy: "Helm",
});
for (const [by, program] of Object.entries(helmVersions)) {
  describe(`the chart by ${by}`, function () {
    this.timeout(120_000);
    let helm: Helm;

    // These ask no cluster.
    before(async () => (helm = await Helm.start(program, "/dev/null")));
    after(() => helm[Symbol.asyncDispose]());

    for (const [title, values] of Object.entries(valuesCases)) {
      it(`renders what the one source says ${title}`, async () => {
        const release = releaseOf("upscaling", "gpumedia-system");
        assert.deepEqual(byKey(await helm.template(release, values)), byKey(install(release, values)));
      });
    }

    it("is named after the release, and cut to what a name may be", async () => {
      for (const name of ["gpumedia-operator", "my-gpumedia-operator", "x", "a".repeat(53)]) {
        const release = releaseOf(name, "gpumedia-system");
        assert.deepEqual(byKey(await helm.template(release, {})), byKey(install(release)));
      }
    });

    it("passes lint", async () => {
      assert.match(await helm.run("lint", "--strict", chart), /0 chart\(s\) failed/);
    });

    it("refuses values that are misspelt, of another type or out of range, and says where", async () => {
      const refused: readonly (readonly [object, RegExp])[] = [
        [{ replica: 3 }, /replica/],
        [{ replicas: "3" }, /replicas/],
        [{ monitoring: { podMonitor: { enable: true } } }, /podMonitor/],
        [{ logLevel: "loud" }, /logLevel/],
        [{ namespaces: ["Not_A_Name"] }, /namespaces/],
        [{ metricsApi: { port: 70_000 } }, /port/],
      ];
      for (const [values, says] of refused) {
        await assert.rejects(helm.template(releaseOf("x", "y"), values), says);
        assert.throws(() => install(releaseOf("x", "y"), values), says);
      }
    });

    it("accepts the global values of a chart that it is part of", async () => {
      await helm.template(releaseOf("x", "y"), { global: { registry: "registry.example" } });
    });
  });
}

describe("what the chart renders", function () {
  this.timeout(120_000);
  let helm: Helm;
  let cluster: Cluster;

  before(async () => {
    cluster = await operatorCluster();
    helm = await Helm.start(helmVersions["Helm 4"], cluster.kubeconfig);
    const namespaces = ["media", "team-b"];
    for (const name of namespaces) {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      await cluster.rest.apply("/api/v1/namespaces", namespace);
    }
  });
  after(() => helm[Symbol.asyncDispose]());

  for (const [title, values] of Object.entries(valuesCases)) {
    it(`is accepted by the API server ${title}`, async () => {
      const namespace = await cluster.newNamespace("install");
      const objects = await helm.template(releaseOf("gpumedia-operator", namespace), values);
      // Those are there already, and another dry run would only repeat what api.spec.ts tries.
      const judged = objects.filter(({ kind }) => kind !== "CustomResourceDefinition");
      const kubectl = createKubectl(cluster.kubectlPath, cluster.kubeconfig);
      const said = await kubectl(
        [...judged],
        "apply",
        "--server-side",
        "--dry-run=server",
        "--validate=strict",
        "-f",
        "-",
      );
      assert.equal(said.trim().split("\n").length, judged.length);
    });
  }

  it("runs pods that pass the restricted level of Pod Security", async () => {
    const name = (await cluster.newNamespace("restricted")).replace("restricted", "enforced");
    await cluster.rest.apply("/api/v1/namespaces", installNamespace(name));
    const rendered = await helm.run(
      "template",
      "gpumedia-operator",
      chart,
      "-n",
      name,
      kubernetes,
      "--show-only",
      "templates/tests/metrics.yaml",
    );
    await cluster.kubectlWithInput(rendered, "apply", "--dry-run=server", "-f", "-");
    const deployment = install(releaseOf("gpumedia-operator", name)).find(({ kind }) => kind === "Deployment");
    const { template } = (deployment as unknown as { spec: { template: { metadata: object; spec: object } } }).spec;
    const { serviceAccountName: _account, ...spec } = template.spec as Readonly<Record<string, unknown>>;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name: "pod", namespace: name },
      spec,
    };
    await cluster.kubectlWithInput(pod, "apply", "--dry-run=server", "-f", "-");
    const rooted = { ...pod, spec: { ...spec, securityContext: {} } };
    await assert.rejects(cluster.kubectlWithInput(rooted, "apply", "--dry-run=server", "-f", "-"), /PodSecurity/);
  });
});
