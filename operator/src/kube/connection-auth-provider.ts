/**
 * Credentials from a legacy `auth-provider` (OIDC and others) of a kubeconfig.
 *
 * A separate file with a static import: `await import("@kubernetes/client-node")` would put the generated client of every
 * kind into the operator's bundle, 14 MB.
 */
import { KubeConfig } from "@kubernetes/client-node";
import type { KubeconfigCluster, KubeconfigUser } from "./connection-kubeconfig.ts";
import type { Connection } from "./transport.ts";

export function authProviderAuthorization(
  { "auth-provider": authProvider }: KubeconfigUser,
  cluster: KubeconfigCluster,
): Connection["authorization"] {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "cluster", skipTLSVerify: false, ...cluster }, { name: "user", authProvider });
  return async () => {
    const options: { headers: Record<string, string> } = { headers: {} };
    await config.applyToHTTPSOptions(options);
    return options.headers.Authorization;
  };
}
