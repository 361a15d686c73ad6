/** The cluster that all other specs rely on behaves like a real one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { failingImages, type Cluster } from "../cluster/cluster.ts";
import { KubectlError } from "../cluster/kubectl.ts";
import { optionalApis } from "../cluster/optional-crds.ts";
import { createAuthority, type KeyPair } from "../cluster/pki.ts";
import { files } from "../cluster/programs.ts";
import { Rest } from "../cluster/rest.ts";
import { sharedCluster } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: Readonly<Record<string, { readonly reason?: string }>>;
    }[];
  };
}

function condition({ status }: Pod, type: string): { readonly status: string; readonly message?: string } | undefined {
  return status.conditions?.find((candidate) => candidate.type === type);
}

describe("the embedded cluster", () => {
  let cluster: Cluster;
  let namespace = "";

  before(async () => {
    cluster = await sharedCluster();
  });
  beforeEach(async () => {
    namespace = await cluster.newNamespace("cluster");
  });
  afterEach(async () => {
    // Its pods would be replaced, and use the GPUs of the next test's nodes.
    await cluster.kubectl("delete", "deployments", "--all", "--cascade=foreground", "-n", namespace);
    await cluster.removeNodes();
  });

  /** Creates a Deployment; `gpus` is per pod. */
  async function deploy(
    name: string,
    { replicas = 1, gpus = 1, image = "registry.invalid/any:1" } = {},
  ): Promise<void> {
    const labels = { app: name };
    const resources = { limits: { "nvidia.com/gpu": String(gpus) } };
    const template = { metadata: { labels }, spec: { containers: [{ name: "main", image, resources }] } };
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace },
      spec: { replicas, selector: { matchLabels: labels }, template },
    };
    await cluster.kubectlWithInput(deployment, "create", "-f", "-");
  }

  async function rolledOut(name: string): Promise<void> {
    await cluster.kubectl("rollout", "status", `deployment/${name}`, "-n", namespace, "--timeout=110s");
  }

  async function pods(): Promise<readonly Pod[]> {
    const list = await cluster.kubectl("get", "pods", "-n", namespace, "-o", "json");
    return (JSON.parse(list) as { items: readonly Pod[] }).items;
  }

  it("makes one pod Ready for each GPU of its nodes, with an address", async () => {
    const nodes = await cluster.addNodes({ count: 2, gpus: 4 });
    await deploy("gpu", { replicas: 8 });
    await rolledOut("gpu");
    const running = await pods();
    const perNode = nodes.map((node) => running.filter(({ spec }) => spec.nodeName === node).length);
    assert.deepEqual(perNode, [4, 4]);
    // They may be equal: kwok 0.8 can assign an address that a pod of an earlier test releases later.
    for (const { status } of running) assert.match(status.podIP ?? "", /^10\.1\.\d+\.\d+$/);
    assert.deepEqual(new Set(running.map((pod) => condition(pod, "Ready")?.status)), new Set(["True"]));
  });

  it("leaves a pod that requests more GPUs than a node has Pending, with the scheduler's message", async () => {
    await cluster.addNodes({ count: 2, gpus: 4 });
    await deploy("greedy", { gpus: 5 });
    // The scheduler may try first before it knows both nodes, or while it knows those of another test.
    const message = /^0\/2 nodes are available: 2 Insufficient nvidia\.com\/gpu\./;
    const pod = await until("an unschedulable pod", async (see) =>
      see(await pods()).find((candidate) => message.test(condition(candidate, "PodScheduled")?.message ?? "")),
    );
    assert.equal(pod.status.phase, "Pending");
  });

  const failures = [
    { image: failingImages.pullFails, phase: "Pending", state: "waiting", reason: "ImagePullBackOff", restartCount: 0 },
    { image: failingImages.crashes, phase: "Running", state: "waiting", reason: "CrashLoopBackOff", restartCount: 3 },
    { image: failingImages.neverReady, phase: "Running", state: "running", reason: undefined, restartCount: 0 },
  ];
  for (const { image, phase, state, reason, restartCount } of failures) {
    it(`makes a pod fail as the name of its image determines: ${image}`, async () => {
      await cluster.addNodes();
      await deploy("failing", { image });
      const pod = await until("a pod with an address", async (see) =>
        see(await pods()).find(({ status }) => status.podIP),
      );
      const [container] = pod.status.containerStatuses ?? [];
      assert.deepEqual(
        [pod.status.phase, condition(pod, "Ready")?.status, container?.restartCount, container?.state[state]?.reason],
        [phase, "False", restartCount, reason],
      );
    });
  }

  it("adds nodes with labels, taints and GPUs, and deletes their pods with them", async () => {
    const taints = [{ key: "nvidia.com/gpu", effect: "NoSchedule" }] as const;
    const [first] = await cluster.addNodes({ namePrefix: namespace, gpus: 2, labels: { zone: "x" }, taints });
    assert.deepEqual(await cluster.addNodes({ namePrefix: namespace, gpus: 0 }), [`${namespace}-1`]);
    const path = "jsonpath={.metadata.labels.zone} {.status.allocatable.nvidia\\.com/gpu} {.spec.taints[*].key}";
    assert.equal(await cluster.kubectl("get", "node", first ?? "", "-o", path), "x 2 nvidia.com/gpu");
    await deploy("cpu", { gpus: 0 });
    await rolledOut("cpu");
    const [deleted] = await pods();
    assert.equal(deleted?.spec.nodeName, `${namespace}-1`);
    await cluster.removeNodes();
    assert.equal(await cluster.kubectl("get", "nodes", "-o", "name"), "");
    assert.ok((await pods()).every(({ metadata }) => metadata.name !== deleted.metadata.name));
  });

  it("runs each controller as a separate user", async () => {
    await cluster.addNodes();
    await deploy("any");
    await rolledOut("any");
    const creators = (resource: string, subresource: string): readonly string[] =>
      cluster.audit.requests({ namespace, verb: "create", resource, subresource }).map(({ user }) => user.username);
    assert.deepEqual(creators("replicasets", ""), ["system:serviceaccount:kube-system:deployment-controller"]);
    assert.deepEqual(creators("pods", ""), ["system:serviceaccount:kube-system:replicaset-controller"]);
    assert.deepEqual(creators("pods", "binding"), ["system:kube-scheduler"]);
  });

  it("logs a write in the audit log before it responds, and a read afterwards", async () => {
    const { tls } = await loadConnection({ kubeconfig: cluster.kubeconfig });
    const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "slow" } });
    const headers = { "content-type": "application/json", "content-length": body.length };
    const url = `${cluster.server}/api/v1/namespaces/${namespace}/configmaps`;
    const post = request(url, { method: "POST", headers, ...tls });
    post.flushHeaders();
    const filter = { verb: "create", resource: "configmaps", namespace, user: "admin" } as const;
    assert.equal((await cluster.audit.waitFor(filter)).stage, "RequestReceived");
    post.end(body);
    const [answer] = (await once(post, "response")) as [IncomingMessage];
    answer.resume();
    assert.deepEqual(
      [(await cluster.audit.waitFor({ ...filter, code: 201 })).stage, cluster.audit.requests(filter).length],
      ["ResponseComplete", 1],
    );
    await cluster.kubectl("get", "configmap", "slow", "-n", namespace);
    const read = await cluster.audit.waitFor({ verb: "get", resource: "configmaps", namespace, name: "slow" });
    assert.equal(read.stage, "ResponseComplete");
  });

  it("logs the user, the program, the object and the response in the audit log", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, serviceAccount: "operator" });
    const since = Date.now();
    await assert.rejects(cluster.kubectl("--kubeconfig", kubeconfig, "get", "secrets"), KubectlError);
    const { user, userAgent, verb, objectRef, responseStatus } = await cluster.audit.waitFor({
      namespace,
      resource: "secrets",
      userAgent: /^kubectl\//,
      since,
      code: 403,
    });
    assert.deepEqual(
      { username: user.username, verb, objectRef, code: responseStatus?.code },
      {
        username: `system:serviceaccount:${namespace}:operator`,
        verb: "list",
        objectRef: { resource: "secrets", namespace, apiVersion: "v1" },
        code: 403,
      },
    );
    assert.match(userAgent, /^kubectl\/v1\.\d+\.\d+ /);
  });

  it("grants a service account the operator's permissions by default, and no other", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, serviceAccount: "operator" });
    // All namespaces, except for the permissions for the operator's own.
    const elsewhere = await cluster.newNamespace();
    const may = async (verb: string, resource: string, where: string): Promise<string> =>
      cluster
        .kubectl("--kubeconfig", kubeconfig, "auth", "can-i", verb, resource, "-n", where)
        .then((answer) => answer.trim())
        .catch(() => "no");
    assert.deepEqual(
      await Promise.all([
        may("create", "deployments.apps", elsewhere),
        may("update", "leases.coordination.k8s.io", namespace),
        may("update", "leases.coordination.k8s.io", elsewhere),
        may("create", "pods", elsewhere),
        may("get", "secrets", namespace),
        may("delete", "gpumediaservices.gpumedia.io", namespace),
      ]),
      ["yes", "yes", "no", "no", "no", "no"],
    );
  });

  it("grants a service account other permissions if they are specified", async () => {
    const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, serviceAccount: "none", rbac: [] });
    await assert.rejects(cluster.kubectl("--kubeconfig", kubeconfig, "get", "services"), /forbidden/);
  });

  it("deletes what a custom object owns without delay, although the kind was added after the start", async () => {
    const apiVersion = "gpumedia.io/v1alpha1";
    const kind = "GpuMediaService";
    await cluster.kubectlWithInput({ apiVersion, kind, metadata: { name: "owner", namespace } }, "create", "-f", "-");
    const uid = await cluster.kubectl("get", "gms", "owner", "-n", namespace, "-o", "jsonpath={.metadata.uid}");
    const ownerReferences = [{ apiVersion, kind, name: "owner", uid, blockOwnerDeletion: true }];
    const metadata = { name: "owned", namespace, ownerReferences };
    await cluster.kubectlWithInput({ apiVersion: "v1", kind: "ConfigMap", metadata }, "create", "-f", "-");
    await cluster.kubectl("delete", "gms", "owner", "-n", namespace, "--cascade=foreground", "--timeout=20s");
    const left = await cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name");
    assert.doesNotMatch(left, /owned/);
  });

  it("serves optional APIs while their CRDs are installed", async () => {
    const expected = [
      "gateways.gateway.networking.k8s.io",
      "httproutes.gateway.networking.k8s.io",
      "podmonitors.monitoring.coreos.com",
      "prometheusrules.monitoring.coreos.com",
      "scaledobjects.keda.sh",
      "verticalpodautoscalers.autoscaling.k8s.io",
    ];
    const served = async (): Promise<readonly string[]> => {
      const resources = (await cluster.kubectl("api-resources", "-o", "name")).split("\n");
      return resources.filter((name) => expected.includes(name)).toSorted();
    };
    await cluster.installOptionalCrds(optionalApis);
    assert.deepEqual(await served(), expected);
    await cluster.removeOptionalCrds(optionalApis);
    await until("none to be served", async (see) => see(await served()).length === 0);
  });

  describe("its front proxy", () => {
    it("sends the user's name to an aggregated API, with the certificate of the front proxy", async () => {
      const authority = await createAuthority("aggregated");
      const serving = await authority.server(
        { commonName: "aggregated" },
        { dns: [`aggregated.${namespace}.svc`], ip: [] },
      );
      const server = createServer(
        { cert: serving.certificate, key: serving.key, ca: clusterCa, requestCert: true },
        ({ headers, socket }, response) => {
          const { subject } = (socket as TLSSocket).getPeerCertificate();
          const seen = { proxy: subject?.CN, user: headers["x-remote-user"], group: headers["x-remote-group"] };
          response.setHeader("content-type", "application/json").end(JSON.stringify(seen));
        },
      ).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const name = "v1.test.gpumedia.io";
      const apiService = {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name },
        spec: {
          group: "test.gpumedia.io",
          version: "v1",
          groupPriorityMinimum: 100,
          versionPriority: 100,
          caBundle: Buffer.from(authority.certificate).toString("base64"),
          service: { name: "aggregated", namespace, port },
        },
      };
      const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "aggregated", namespace },
        spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
      };
      try {
        await cluster.kubectlWithInput([service, apiService], "create", "-f", "-");
        await cluster.kubectl("wait", "--for=condition=Available", `apiservice/${name}`, "--timeout=110s");
        const answer = await cluster.kubectl("get", "--raw", "/apis/test.gpumedia.io/v1/anything");
        assert.deepEqual(JSON.parse(answer), {
          proxy: "front-proxy",
          user: "admin",
          group: "system:masters, system:authenticated",
        });
      } finally {
        await cluster.kubectl("delete", "apiservice", name, "--ignore-not-found");
        server.closeAllConnections();
        server.close();
      }
    });

    let clusterCa = "";
    before(async () => {
      clusterCa = await readFile(join(cluster.directory, files.authority), "utf8");
    });

    /** Returns the user that the API server authenticates for this certificate and the header `x-remote-user: other`. */
    async function authenticated(user: KeyPair): Promise<string> {
      await using rest = new Rest(cluster.server, clusterCa, user);
      const answer = (await rest.request(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
        "json",
        { "x-remote-user": "other", "x-remote-group": "system:authenticated" },
      )) as { status: { userInfo: { username: string } } };
      return answer.status.userInfo.username;
    }

    it("may act for other users, unlike an administrator with a certificate of the same CA", async () => {
      const [certificate = "", key = ""] = await Promise.all(
        Object.values(files.frontProxy).map((file) => readFile(join(cluster.directory, file), "utf8")),
      );
      assert.equal(await authenticated({ certificate, key }), "other");
      const { cert = "", key: adminKey = "" } = (await loadConnection({ kubeconfig: cluster.kubeconfig })).tls;
      assert.equal(await authenticated({ certificate: cert, key: adminKey }), "admin");
    });
  });
});
