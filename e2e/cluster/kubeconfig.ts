/** Kubeconfigs without references to other files, so that a copy of the file works too. */
import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import type { KeyPair } from "./pki.ts";

export interface KubeconfigSource {
  /** Name of the cluster, the user and the context. */
  readonly name: string;
  readonly server: string;
  /** PEM of the CA. */
  readonly authority: string;
  readonly user: KeyPair | { readonly token: string };
  /** The default namespace of commands. */
  readonly namespace?: string;
}

export function kubeconfig({ name, server, authority, user, namespace }: KubeconfigSource): string {
  const credentials =
    "token" in user
      ? { token: user.token }
      : { "client-certificate-data": base64(user.certificate), "client-key-data": base64(user.key) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name, user: credentials }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
    "current-context": name,
  });
}

/** Readable by its owner only: it has credentials. */
export async function writeKubeconfig(file: string, source: KubeconfigSource): Promise<string> {
  await writeFile(file, kubeconfig(source), { mode: 0o600 });
  return file;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
