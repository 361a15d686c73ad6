/** The pages of those who use or run the operator: on a cluster that has it, and a service `upscaler` in `media` that serves. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { root } from "../../docs/pages.ts";
import { OperatorProcess } from "../operator/operator-process.ts";
import { Workspace } from "../operator/workspace.ts";
import { assertMetricsTold } from "./metrics-told.ts";
import { openStage, succeeds } from "./stage.ts";
import { toldBy } from "../../docs/excuses.ts";
import { tellPage, type Scenes, type Stage } from "./tell-page.ts";

const here = "e2e/specs/docs";
const operatorNamespace = "gpumedia-system";
/** Of pods that are all in the same trouble one is named; each as it is once nothing changes any more. */
const troubles = {
  waiting: { reason: "WaitingForGpu", says: "(and 1 more)" },
  pull: { reason: "ImagePullFailed", says: "(and 1 more)" },
  crash: { reason: "CrashLoop", says: "(and 1 more)" },
  never: { reason: "ProbesFailing", says: "(and 1 more)" },
  profile: { reason: "UnknownProfile" },
  taken: { reason: "NameTaken" },
};

describe("the pages about using and running the operator", function () {
  this.timeout(180_000);
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
      // The operator is outside of the cluster: the aggregator reaches its metrics by a name.
      `kubectl create service externalname gpumedia-operator-metrics --external-name=localhost -n ${operatorNamespace}`,
    );
    const metricsApiAddress = "127.0.0.1";
    operator = await OperatorProcess.start(cluster, {
      operatorNamespace,
      namespaces: [],
      metricsApiAddress,
    });
    await operator.says("leading");
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
      // As the Kustomization's `targetNamespace` does.
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
        // A test that has ended is not looked at again.
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
        // It takes the GPUs that another is to wait for.
        `kubectl apply -f ${here}/troubled.yaml -l first=yes`,
        "kubectl wait --for=condition=Ready gms/holder -n studio --timeout=60s",
        `kubectl apply -f ${here}/troubled.yaml`,
      );
      studio = await Workspace.open(cluster, "studio");
      for (const [name, wanted] of Object.entries(troubles)) await studio.untilCondition(name, "Ready", wanted);
      await succeeds(
        shell,
        "kubectl wait --for=jsonpath='{.status.conditions[0].reason}'=QuotaExceeded gms/quota -n tight --timeout=60s",
        "kubectl wait --for=jsonpath='{.status.conditions[0].reason}'=PodsForbidden gms/unsafe -n strict --timeout=60s",
      );
      await studio.untilCondition("thumbs", "ScalingReady", { reason: "MetricsMissing" });
    },
  };

  it("docs/metrics.md lists what the operator serves", async () => {
    const { metrics = "" } = await operator.says("connecting");
    await assertMetricsTold(metrics, "Operator");
  });

  for (const page of toldBy.using) {
    it(`${page} says commands that work`, async () => {
      await using stage = await openStage({ KUBECONFIG: cluster.kubeconfig });
      await tellPage(page, stage, scenes);
    });
  }
});

const loadTest = {
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaLoadTest",
  metadata: { name: "stress-1", namespace: "media" },
  spec: { serviceRef: { name: "nobody" } },
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
