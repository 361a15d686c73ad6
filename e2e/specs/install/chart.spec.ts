/** The chart renders the same objects as `install()`, for every way to install, and the API server accepts them. */
import assert from "node:assert/strict";
import { install, installNamespace, type Release } from "@gpumedia/install";
import type { Cluster } from "../../cluster/cluster.ts";
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
const releaseOf = (release: string, namespace = "gpumedia-system"): Release => ({
  release,
  namespace,
  version,
  managedBy: "Helm",
});
for (const [by, program] of Object.entries(helmVersions)) {
  describe(`the chart by ${by}`, () => {
    let helm: Helm;

    // These tests need no cluster.
    before(async () => (helm = await Helm.start(program, "/dev/null")));
    after(() => helm[Symbol.asyncDispose]());

    for (const [title, values] of Object.entries(valuesCases)) {
      it(`renders the same objects as install() ${title}`, async () => {
        const release = releaseOf("upscaling");
        assert.deepEqual(byKey(await helm.template(release, values)), byKey(install(release, values)));
      });
    }

    it("names its objects after the release, and truncates names that are too long", async () => {
      for (const release of ["gpumedia-operator", "my-gpumedia-operator", "x", "a".repeat(53)].map((name) =>
        releaseOf(name),
      )) {
        assert.deepEqual(byKey(await helm.template(release, {})), byKey(install(release)));
      }
    });

    it("leaves the users to OpenShift, which it recognizes by its API", async () => {
      const release = releaseOf("upscaling");
      const api = ["--api-versions=security.openshift.io/v1/SecurityContextConstraints"];
      const rendered = byKey(await helm.template(release, {}, api));
      assert.deepEqual(rendered, byKey(install(release, { runAs: "Platform" })));
      const fixed = byKey(await helm.template(release, { runAs: "Image" }, api));
      assert.deepEqual(fixed, byKey(install(release, { runAs: "Image" })));
    });

    it("passes lint", async () => {
      assert.match(await helm.run("lint", "--strict", chart), /0 chart\(s\) failed/);
    });

    it("refuses values that are misspelled, of the wrong type or out of range, and names them", async () => {
      const refused: readonly (readonly [object, RegExp])[] = [
        [{ replica: 3 }, /replica/],
        [{ replicas: "3" }, /replicas/],
        [{ monitoring: { podMonitor: { enable: true } } }, /podMonitor/],
        [{ logLevel: "loud" }, /logLevel/],
        [{ namespaces: ["Not_A_Name"] }, /namespaces/],
        [{ metricsApi: { port: 70_000 } }, /port/],
      ];
      for (const [values, message] of refused) {
        await assert.rejects(helm.template(releaseOf("x"), values), message);
        assert.throws(() => install(releaseOf("x"), values), message);
      }
    });

    it("accepts the global values of a parent chart", async () => {
      await helm.template(releaseOf("x"), { global: { registry: "registry.example" } });
    });
  });
}

describe("the rendered chart", () => {
  let helm: Helm;
  let cluster: Cluster;

  before(async () => {
    cluster = await operatorCluster();
    helm = await Helm.start(helmVersions["Helm 4"], cluster.kubeconfig);
    for (const name of ["media", "team-b"]) await cluster.rest.apply("/api/v1/namespaces", installNamespace(name));
  });
  after(() => helm[Symbol.asyncDispose]());

  for (const [title, values] of Object.entries(valuesCases)) {
    it(`is accepted by the API server ${title}`, async () => {
      const namespace = await cluster.newNamespace("install");
      const objects = await helm.template(releaseOf("gpumedia-operator", namespace), values);
      // The CRDs are installed already, and api.spec.ts tests them.
      const others = objects.filter(({ kind }) => kind !== "CustomResourceDefinition");
      const flags = ["--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
      const output = await cluster.kubectlWithInput(others, "apply", ...flags);
      assert.equal(output.trim().split("\n").length, others.length);
    });
  }

  it("runs pods that Pod Security admits at the restricted level", async () => {
    const name = (await cluster.newNamespace("restricted")).replace("restricted", "enforced");
    await cluster.rest.apply("/api/v1/namespaces", installNamespace(name));
    const flags = ["-n", name, kubernetes, "--show-only", "templates/tests/metrics.yaml"];
    const testPod = await helm.run("template", "gpumedia-operator", chart, ...flags);
    await cluster.kubectlWithInput(testPod, "apply", "--dry-run=server", "-f", "-");
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
    const asRoot = { ...pod, spec: { ...spec, securityContext: {} } };
    await assert.rejects(cluster.kubectlWithInput(asRoot, "apply", "--dry-run=server", "-f", "-"), /PodSecurity/);
  });
});
