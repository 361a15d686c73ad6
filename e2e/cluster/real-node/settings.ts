/** Configuration files of the programs of a real node; `directory` is the cluster's. Pure. */
import { join } from "node:path";
import { stringify } from "yaml";
import { nodeAddress, podRange } from "../process-node/network-namespace.ts";
import { files } from "../programs.ts";

/** In the directory, so that programs outside of the node's mounts reach it too. */
export const containerdSocket = "containerd.sock";
export const nodeFiles = {
  containerd: "containerd.toml",
  cni: "cni/10-pods.conflist",
  kubelet: "kubelet.yaml",
  kubeProxy: "kube-proxy.yaml",
  kubeletUser: "kubelet.kubeconfig",
  kubeProxyUser: "kube-proxy.kubeconfig",
  serving: { certificate: "kubelet.crt", key: "kubelet.key" },
  resolvConf: "resolv.conf",
  /** The stand-in for the container toolkit: see gpu-runtime.ts. */
  runtime: "runtime.sh",
} as const;
export const pauseImage = "localhost/pause:1";
/** DRA drivers write here which files, devices and variables belong to a claim's devices (Container Device Interface). */
export const cdiFolder = "/run/cdi";
/** Address of the Service kube-dns, within --service-cluster-ip-range. */
export const dnsAddress = "10.0.0.10";

export interface ContainerdFolders {
  /** The cluster's directory. */
  readonly directory: string;
  /** With the CNI plugins. */
  readonly cni: string;
  /** Path to containerd-shim-runc-v2. */
  readonly shim: string;
}

/** Format version 3, of containerd 2. */
export function containerdConfig({ directory, cni, shim }: ContainerdFolders): string {
  const at = (...path: readonly string[]): string => JSON.stringify(join(directory, ...path));
  return `version = 3
root = ${at("containerd")}
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = ${at(containerdSocket)}
[plugins."io.containerd.internal.v1.opt"]
path = ${at("containerd-opt")}
[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${pauseImage}"
[plugins."io.containerd.cri.v1.runtime"]
# Not the machine's /etc/cdi.
cdi_spec_dirs = ["${cdiFolder}"]
# Lowering a process's score needs CAP_SYS_RESOURCE, which CI machines often lack: no sandbox would start.
restrict_oom_score_adj = true
disable_apparmor = true
disable_hugetlb_controller = true
tolerate_missing_hugetlb_controller = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [${JSON.stringify(cni)}]
conf_dir = ${at("cni")}
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
# The PATH may have the shim of another containerd.
runtime_path = ${JSON.stringify(shim)}
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = ${at(nodeFiles.runtime)}
SystemdCgroup = false
`;
}

/** Point-to-point interfaces: on a bridge, responses between pods would bypass kube-proxy's rules. */
export const cniConfig = JSON.stringify({
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [
    {
      type: "ptp",
      ipMasq: false,
      ipam: {
        type: "host-local",
        dataDir: "/run/cni",
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
});

export function kubeletConfig(directory: string, cgroup: string): string {
  const at = (file: string): string => join(directory, file);
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: nodeAddress,
    containerRuntimeEndpoint: `unix://${at(containerdSocket)}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: at(files.authority) },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: at(nodeFiles.serving.certificate),
    tlsPrivateKeyFile: at(nodeFiles.serving.key),
    clusterDomain: "cluster.local",
    clusterDNS: [dnsAddress],
    resolvConf: at(nodeFiles.resolvConf),
    // The default is in the machine's /usr.
    volumePluginDir: at("volume-plugins"),
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroup,
    enforceNodeAllocatable: ["pods"],
    failCgroupV1: false,
    failSwapOn: false,
    // A value below zero needs CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    // Pods must not be evicted because a shared machine's disk is full.
    evictionHard: Object.fromEntries(
      ["nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree"].map((signal) => [
        signal,
        "0%",
      ]),
    ),
    imageGCHighThresholdPercent: 100,
    // Images are loaded, not pulled: there are no credentials for them.
    imagePullCredentialsVerificationPolicy: "NeverVerify",
    serializeImagePulls: false,
    nodeStatusUpdateFrequency: "2s",
    // The node renews its Lease at a quarter of this.
    nodeLeaseDurationSeconds: 8,
    syncFrequency: "5s",
    eventRecordQPS: 50,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
  });
}

export function kubeProxyConfig(kubeconfig: string, node: string): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig },
    hostnameOverride: node,
    bindAddress: nodeAddress,
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    mode: "nftables",
    clusterCIDR: podRange,
    oomScoreAdj: 0,
    // These settings belong to the machine's initial network namespace.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    nftables: { syncPeriod: "5s", minSyncPeriod: "200ms" },
  });
}
