/** The version of the API server, for what no discovery document and no schema shows. */
import type { ApiClient } from "./client.ts";

/** Returns the minor version of Kubernetes 1, or undefined where the API server does not state it. @throws {ApiError} */
export async function kubernetesMinor(client: Pick<ApiClient, "rawJson">): Promise<number | undefined> {
  const { body } = await client.rawJson("GET", "/version");
  const { minor = "" } = body as { readonly minor?: string };
  // Providers append a plus sign. Programs that were built without their version have none.
  const parsed = Number.parseInt(minor, 10);
  return Number.isNaN(parsed) ? undefined : parsed;
}
