/** How each program of the control plane is started. Relative paths are relative to the cluster's directory. */
import { fakeNode } from "./kwok-stages.ts";
import type { ClusterOptions } from "./options.ts";
import { nodeAddress } from "./process-node/network-namespace.ts";

/** Files of the cluster's directory. */
export const files = {
  authority: "ca.crt",
  serving: { certificate: "kube-apiserver.crt", key: "kube-apiserver.key" },
  frontProxy: { certificate: "front-proxy.crt", key: "front-proxy.key" },
  tokens: { privateKey: "service-accounts.key", publicKey: "service-accounts.pub" },
  auditPolicy: "audit-policy.yaml",
  auditLog: "audit.log",
  stages: "stages.yaml",
} as const;

/** The common name of the front proxy: the API server when it passes a request on to an aggregated API. */
export const frontProxyName = "front-proxy";

// A socket in the cluster's directory instead of a port: nothing to collide with, and no other user can read it. etcd
// takes the name for host and port, so it must look like that.
const etcdSocket = "unix://etcd.sock:0";
const etcdPeerSocket = "unix://etcd-peer.sock:0";

export function etcdParameters(): readonly string[] {
  return [
    "--name=etcd",
    "--data-dir=etcd",
    // The data does not outlive the cluster.
    "--unsafe-no-fsync",
    `--listen-client-urls=${etcdSocket}`,
    `--advertise-client-urls=${etcdSocket}`,
    `--listen-peer-urls=${etcdPeerSocket}`,
    `--initial-advertise-peer-urls=${etcdPeerSocket}`,
    `--initial-cluster=etcd=${etcdPeerSocket}`,
    "--log-level=warn",
  ];
}

export function apiServerParameters(port: number, { apiServer = {}, realNode }: ClusterOptions): readonly string[] {
  const { featureGates = {}, priorityAndFairness = true, parameters = [] } = apiServer;
  const forNode = realNode === true ? realNodeParameters : [];
  const gates = Object.entries(featureGates).map(([name, on]) => `${name}=${on}`);
  return [
    `--etcd-servers=${etcdSocket}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    "--cert-dir=.",
    `--tls-cert-file=${files.serving.certificate}`,
    `--tls-private-key-file=${files.serving.key}`,
    `--client-ca-file=${files.authority}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${files.tokens.publicKey}`,
    `--service-account-signing-key-file=${files.tokens.privateKey}`,
    "--service-cluster-ip-range=10.0.0.0/16",
    `--authorization-mode=${realNode === true ? "Node,RBAC" : "RBAC"}`,
    "--allow-privileged=true",
    // Demands of a controller what hardened clusters demand: the right to set finalizers of the owners that it names.
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    // By default that of the network interface with the default route, which a machine without network has not. Nobody
    // is told this one (RFC 5737).
    "--advertise-address=192.0.2.1",
    // Nobody has to find this API server by the Service `kubernetes`; and its address is loopback, which it would refuse.
    "--endpoint-reconciler-type=none",
    `--requestheader-client-ca-file=${files.authority}`,
    // One CA signs users and the front proxy: without this line any user could speak for any other.
    `--requestheader-allowed-names=${frontProxyName}`,
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${files.frontProxy.certificate}`,
    `--proxy-client-key-file=${files.frontProxy.key}`,
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
    // By default the file is rotated at 100 MB, and whoever counts requests would miss some.
    "--audit-log-maxsize=100000",
    `--enable-priority-and-fairness=${priorityAndFairness}`,
    ...(gates.length === 0 ? [] : [`--feature-gates=${gates.join(",")}`]),
    ...forNode,
    ...parameters,
  ];
}

/** Where containers run, they find the API server by the Service `kubernetes`, and it finds the kubelet. The last one of a flag counts. */
const realNodeParameters = [
  "--bind-address=0.0.0.0",
  `--advertise-address=${nodeAddress}`,
  "--endpoint-reconciler-type=lease",
  "--enable-admission-plugins=NodeRestriction",
  "--enable-aggregator-routing=true",
  "--kubelet-preferred-address-types=InternalIP",
  `--kubelet-certificate-authority=${files.authority}`,
  // The front proxy's name stands for the API server to kubelets, too: real-node.ts gives it the rights.
  `--kubelet-client-certificate=${files.frontProxy.certificate}`,
  `--kubelet-client-key=${files.frontProxy.key}`,
];

// Their own limits of 20 and 50 requests per second would be what a test of many objects measures.
const clientLimits = ["--kube-api-qps=500", "--kube-api-burst=1000"];
// There is one of each. And no port: nothing to collide with.
const alone = ["--leader-elect=false", "--secure-port=0"];

export function controllerManagerParameters(kubeconfig: string, options: ClusterOptions): readonly string[] {
  const { horizontalPodAutoscalerSyncPeriod, nodeMonitor, controllerManager = {} } = options;
  return [
    `--kubeconfig=${kubeconfig}`,
    ...alone,
    ...clientLimits,
    // Each controller is a user of its own with the rights of that controller, as in any real cluster.
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${files.tokens.privateKey}`,
    `--root-ca-file=${files.authority}`,
    ...(horizontalPodAutoscalerSyncPeriod === undefined
      ? []
      : [`--horizontal-pod-autoscaler-sync-period=${horizontalPodAutoscalerSyncPeriod}`]),
    // Fake nodes send no heartbeats: after Kubernetes' 50 s a busy controller manager would take them for gone, and
    // their pods for not ready, which nothing sets right again.
    `--node-monitor-period=${nodeMonitor?.period ?? "5s"}`,
    `--node-monitor-grace-period=${nodeMonitor?.gracePeriod ?? "24h"}`,
    ...(controllerManager.parameters ?? []),
  ];
}

export function schedulerParameters(kubeconfig: string, { scheduler = {} }: ClusterOptions): readonly string[] {
  return [`--kubeconfig=${kubeconfig}`, ...alone, ...clientLimits, ...(scheduler.parameters ?? [])];
}

export function kwokParameters(kubeconfig: string): readonly string[] {
  const [[annotation, value]] = Object.entries(fakeNode) as [[string, string]];
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${files.stages}`,
    // The addresses of pods; its default lies within that of Services.
    "--cidr=10.1.0.1/16",
    `--manage-nodes-with-annotation-selector=${annotation}=${value}`,
  ];
}

/**
 * Writes are logged twice, as soon as they come and when they are answered: whoever has an answer finds the request in
 * the log, whatever the API server has still to write. Reads are logged when answered, watches also when they begin.
 */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  rules: [
    { level: "None", nonResourceURLs: ["/livez*", "/readyz*", "/healthz*"] },
    { level: "Metadata", verbs: ["get", "list", "watch"], omitStages: ["RequestReceived"] },
    { level: "Metadata", omitStages: ["ResponseStarted"] },
  ],
} as const;
