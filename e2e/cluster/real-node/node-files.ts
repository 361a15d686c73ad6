/** The configuration and credentials of a real node, in the cluster's directory. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ControlPlane } from "../control-plane.ts";
import { writeKubeconfig } from "../kubeconfig.ts";
import { nodeAddress } from "../process-node/network-namespace.ts";
import { cgroupOf } from "./namespaces.ts";
import { cniFolder, programPath } from "./requirements.ts";
import { cniConfig, containerdConfig, kubeletConfig, kubeProxyConfig, nodeFiles } from "./settings.ts";

const runtimeProgram = fileURLToPath(new URL("gpu-runtime.ts", import.meta.url));

export interface NodeOptions {
  readonly nodeName: string;
  /** Folders of this machine, mounted into all containers. */
  readonly shared: readonly string[];
  /** Path to containerd-shim-runc-v2. */
  readonly shim: string;
}

export async function writeNodeFiles(
  { directory, certificates, server }: ControlPlane,
  { nodeName, shared, shim }: NodeOptions,
): Promise<void> {
  const user = `system:node:${nodeName}`;
  const [kubelet, serving, proxy] = await Promise.all([
    certificates.client({ commonName: user, organization: "system:nodes" }),
    certificates.server({ commonName: user }, { dns: [nodeName], ip: [nodeAddress] }),
    certificates.client({ commonName: "system:kube-proxy" }),
  ]);
  const authority = certificates.certificate;
  const at = (file: string): string => join(directory, file);
  await writeKubeconfig(at(nodeFiles.kubeletUser), { name: user, server, authority, user: kubelet });
  await writeKubeconfig(at(nodeFiles.kubeProxyUser), { name: "kube-proxy", server, authority, user: proxy });
  const contents: readonly (readonly [file: string, text: string])[] = [
    [nodeFiles.serving.certificate, serving.certificate],
    [nodeFiles.serving.key, serving.key],
    [nodeFiles.containerd, containerdConfig({ directory, cni: cniFolder() ?? "", shim })],
    [nodeFiles.cni, cniConfig],
    [nodeFiles.kubelet, kubeletConfig(directory, cgroupOf(directory))],
    [nodeFiles.kubeProxy, kubeProxyConfig(at(nodeFiles.kubeProxyUser), nodeName)],
    [nodeFiles.resolvConf, ""],
    [nodeFiles.runtime, runtimeWrapper(directory, shared)],
  ];
  for (const [file, text] of contents) {
    await mkdir(dirname(at(file)), { recursive: true });
    await writeFile(at(file), text, { mode: 0o600 });
  }
  await chmod(at(nodeFiles.runtime), 0o700);
}

/** A shell script: starting Node would slow down the many calls that create no container. */
function runtimeWrapper(directory: string, shared: readonly string[]): string {
  const adds = `'${process.execPath}' '${runtimeProgram}' '${directory}' '${JSON.stringify(shared)}' "$@" || exit 1`;
  return `#!/bin/sh\ncase " $* " in *" create "*) ${adds} ;; esac\nexec ${programPath("runc")} "$@"\n`;
}

/** The API server uses the front proxy's name when it requests logs and exec from kubelets. */
export const kubeletClient = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "api-server-to-kubelets" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:kubelet-api-admin" },
  subjects: [{ kind: "User", name: "front-proxy", apiGroup: "rbac.authorization.k8s.io" }],
};
