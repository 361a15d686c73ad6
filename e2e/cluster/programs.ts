/** The flags of each program of the control plane. Paths are relative to the cluster's directory. */
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

/** The common name of the API server's client certificate for aggregated APIs. */
export const frontProxyName = "front-proxy";

// A socket in the cluster's directory: no port to collide with, and no other user can read it. etcd parses the name as host and
// port, so it must have that form.
const etcdSocket = "unix://etcd.sock:0";
const etcdPeerSocket = "unix://etcd-peer.sock:0";

/**
 * Variables of all programs, which are written in Go. With the default of 100, a fifth of the API server's CPU time is garbage
 * collection; with this value it uses up to 600 MB more.
 */
export const environment = { GOGC: "300" } as const;

export function etcdParameters(): readonly string[] {
  return [
    "--name=etcd",
    "--data-dir=etcd",
    // The data is deleted with the cluster.
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
    // As in hardened clusters, a controller needs the right to set finalizers of the owners in its ownerReferences.
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    // The default is that of the interface with the default route, which a machine without a network lacks. This one is not
    // advertised (RFC 5737).
    "--advertise-address=192.0.2.1",
    // No client needs the Service `kubernetes`, and the reconciler refuses a loopback address.
    "--endpoint-reconciler-type=none",
    `--requestheader-client-ca-file=${files.authority}`,
    // One CA signs users and the front proxy: without this line any user could impersonate any other.
    `--requestheader-allowed-names=${frontProxyName}`,
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${files.frontProxy.certificate}`,
    `--proxy-client-key-file=${files.frontProxy.key}`,
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
    // The default rotates the file at 100 MB, and some requests would not be counted.
    "--audit-log-maxsize=100000",
    `--enable-priority-and-fairness=${priorityAndFairness}`,
    ...(gates.length === 0 ? [] : [`--feature-gates=${gates.join(",")}`]),
    ...forNode,
    ...parameters,
  ];
}

/** Containers reach the API server by the Service `kubernetes`, and it reaches the kubelet. The last value of a flag applies. */
const realNodeParameters = [
  "--bind-address=0.0.0.0",
  `--advertise-address=${nodeAddress}`,
  "--endpoint-reconciler-type=lease",
  "--enable-admission-plugins=NodeRestriction",
  "--enable-aggregator-routing=true",
  "--kubelet-preferred-address-types=InternalIP",
  `--kubelet-certificate-authority=${files.authority}`,
  // The API server uses the front proxy's name with kubelets too: real-node.ts grants it the rights.
  `--kubelet-client-certificate=${files.frontProxy.certificate}`,
  `--kubelet-client-key=${files.frontProxy.key}`,
];

// With the default limits of 20 and 50 requests per second a test of many objects would measure those.
const clientLimits = ["--kube-api-qps=500", "--kube-api-burst=1000"];
// There is one of each, and no port to collide with.
const alone = ["--leader-elect=false", "--secure-port=0"];

export function controllerManagerParameters(kubeconfig: string, options: ClusterOptions): readonly string[] {
  const { horizontalPodAutoscalerSyncPeriod, nodeMonitor, controllerManager = {} } = options;
  return [
    `--kubeconfig=${kubeconfig}`,
    ...alone,
    ...clientLimits,
    // Each controller is a separate user with its own rights, as in any real cluster.
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${files.tokens.privateKey}`,
    `--root-ca-file=${files.authority}`,
    ...(horizontalPodAutoscalerSyncPeriod === undefined
      ? []
      : [`--horizontal-pod-autoscaler-sync-period=${horizontalPodAutoscalerSyncPeriod}`]),
    // Fake nodes send no heartbeats: after Kubernetes' 50 s a busy controller manager would mark them and their pods NotReady,
    // which nothing would repair.
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
    // The default range of pods overlaps that of Services.
    "--cidr=10.1.0.1/16",
    // Of pods on nodes that others have added without an address, which would otherwise never start.
    "--node-ip=10.2.0.1",
    `--manage-nodes-with-annotation-selector=${annotation}=${value}`,
  ];
}

/**
 * Writes are logged twice, when they are received and when they are answered: a client that has a response finds the request
 * in the log. Reads are logged when answered, watches also when they start.
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
