/** The pages about using and operating the operator, on a cluster with it and a ready service `upscaler` in `media`. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { root } from "../../docs/pages.ts";
import { OperatorProcess } from "../operator/operator-process.ts";
import { Workspace } from "../operator/workspace.ts";
import { assertMetricsListed } from "./metrics-page.ts";
import { openStage, succeeds } from "./stage.ts";
import { pagesBySpec } from "../../docs/excuses.ts";
import { runPage, type Scenes, type Stage } from "./run-page.ts";

const here = "e2e/specs/docs";
const operatorNamespace = "gpumedia-system";
/** The final state of each service. A message names one of the pods with the same problem. */
const troubles = {
  waiting: { reason: "WaitingForGpu", message: "(and 1 more)" },
  pull: { reason: "ImagePullFailed", message: "(and 1 more)" },
  crash: { reason: "CrashLoop", message: "(and 1 more)" },
  never: { reason: "ProbesFailing", message: "(and 1 more)" },
  profile: { reason: "UnknownProfile" },
  taken: { reason: "NameTaken" },
};

describe("the pages about using and running the operator", () => {
  let cluster: Cluster;
  let operator: OperatorProcess;
  let work: Workspace;
  let studio: Workspace | undefined;

  before(async () => {
    cluster = await startCluster({ crds: true, horizontalPodAutoscalerSyncPeriod: "1s" });
    await cluster.addNodes({ count: 8, gpus: 16 });
    await using stage = await openStage({ KUBECONFIG: cluster.kubeconfig });
    await succeeds(
      stage.shell,
      `helm install gpumedia-operator charts/gpumedia-operator -n ${operatorNamespace} --create-namespace --set crds.install=false`,
      "kubectl create namespace media",
      // The operator runs outside of the cluster, so the aggregator reaches its metrics by name.
      `kubectl create service externalname gpumedia-operator-metrics --external-name=localhost -n ${operatorNamespace}`,
    );
    const metricsApiAddress = "127.0.0.1";
    operator = await OperatorProcess.start(cluster, {
      operatorNamespace,
      namespaces: [],
      metricsApiAddress,
    });
    await operator.untilLogged("leading");
    work = await Workspace.open(cluster, "media");
    await work.apply("upscaler");
    await work.untilReady("upscaler");
  });

  after(async () => {
    await studio?.[Symbol.asyncDispose]();
    await work?.[Symbol.asyncDispose]();
    await operator?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  const scenes: Scenes<Stage> = {
    "docs/dcgm.md": async ({ shell }) => {
      await succeeds(shell, "kubectl create namespace gpu-operator");
      await cluster.kubectlWithInput(exporter, "apply", "-f", "-");
    },
    "docs/gitops.md": async ({ shell }) => {
      const service = await readFile(join(root, "examples/gitops/services/upscaler.yaml"), "utf8");
      await mkdir(join(shell.directory, "services"));
      // The Kustomization sets the namespace by `targetNamespace`.
      const placed = service.replace("name: upscaler", "name: upscaler\n  namespace: media");
      await writeFile(join(shell.directory, "services/upscaler.yaml"), placed);
      await succeeds(
        shell,
        "kubectl create namespace argocd",
        "kubectl create configmap argocd-cm -n argocd --from-literal=url=https://argocd.example.com",
      );
    },
    "docs/load-test-kind.md": async ({ shell }) => {
      await writeFile(join(shell.directory, "stress.json"), JSON.stringify(loadTest));
      const passed = {
        type: "Complete",
        status: "True",
        reason: "Passed",
        message: "",
        lastTransitionTime: new Date(),
      };
      const status = JSON.stringify({ status: { observedGeneration: 1, verdict: "Passed", conditions: [passed] } });
      await succeeds(
        shell,
        "kubectl apply -f stress.json",
        "kubectl wait --for=jsonpath='{.status.conditions[0].reason}'=ServiceNotFound gmlt/stress-1 -n media",
        // A finished test is not reconciled again.
        `kubectl patch gmlt stress-1 -n media --subresource=status --type=merge -p '${status}'`,
      );
    },
    "docs/metrics-api.md": async ({ shell }) => {
      await succeeds(
        shell,
        "kubectl wait --for=condition=Available apiservice/v1beta2.custom.metrics.k8s.io --timeout=60s",
      );
    },
    "docs/operations.md#restore": async ({ shell }) => {
      await succeeds(shell, "kubectl delete gms,gmlt --all -A");
    },
    "docs/troubleshooting.md": async ({ shell }) => {
      await cluster.addNodes({ count: 1, gpus: 2, labels: { pool: "small" }, namePrefix: "small" });
      await succeeds(
        shell,
        "kubectl create namespace studio",
        // Holds the GPUs that the next service waits for.
        `kubectl apply -f ${here}/troubled.yaml -l first=yes`,
        "kubectl wait --for=condition=Ready gms/holder -n studio --timeout=60s",
        `kubectl apply -f ${here}/troubled.yaml`,
      );
      studio = await Workspace.open(cluster, "studio");
      for (const [name, expected] of Object.entries(troubles)) await studio.untilCondition(name, "Ready", expected);
      await succeeds(
        shell,
        "kubectl wait --for=jsonpath='{.status.conditions[0].reason}'=QuotaExceeded gms/quota -n tight --timeout=60s",
        "kubectl wait --for=jsonpath='{.status.conditions[0].reason}'=PodsForbidden gms/unsafe -n strict --timeout=60s",
      );
      await studio.untilCondition("thumbs", "ScalingReady", { reason: "ApiMissing" });
    },
  };

  it("docs/metrics.md lists the operator's metrics", async () => {
    const { metrics = "" } = await operator.untilLogged("connecting");
    await assertMetricsListed(metrics, "Operator");
  });

  for (const page of pagesBySpec.using) {
    it(`the commands of ${page} work`, async () => {
      await using stage = await openStage({ KUBECONFIG: cluster.kubeconfig });
      await runPage(page, stage, scenes);
    });
  }
});

const loadTest = {
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaLoadTest",
  metadata: { name: "stress-1", namespace: "media" },
  spec: { serviceRef: { name: "missing" } },
};

const labels = { app: "nvidia-dcgm-exporter" };
const exporter = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "nvidia-dcgm-exporter", namespace: "gpu-operator" },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "exporter", image: "dcgm-exporter" }] } },
  },
};
