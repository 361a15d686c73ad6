/** The serving certificate of a neighbour that the API server reaches by a Service. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { createAuthority } from "../cluster/pki.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { namesOf, type ServiceName } from "./by-service.ts";

export interface Certificates {
  /** PEM of the CA. */
  readonly authority: string;
  /** Has `ca.crt`, `tls.crt` and `tls.key`. */
  readonly directory: string;
  /** Path of one of them. */
  readonly file: (name: "ca.crt" | "tls.crt" | "tls.key") => string;
}

/** One certificate, for servers and clients, with the names of these Services and more. */
export async function writeCertificates(
  cluster: Cluster,
  peer: string,
  services: readonly ServiceName[],
  moreNames: readonly string[] = [],
): Promise<Certificates> {
  const dns = [...moreNames, ...services.flatMap(namesOf)];
  const authority = await createAuthority(peer);
  const names = { dns, ip: [nodeAddress, "127.0.0.1"] };
  const { certificate, key } = await authority.serverAndClient({ commonName: dns[0] ?? peer }, names);
  const directory = join(cluster.directory, `${peer}-certificates`);
  await mkdir(directory);
  const contents = { "ca.crt": authority.certificate, "tls.crt": certificate, "tls.key": key };
  await Promise.all(
    Object.entries(contents).map(([name, text]) => writeFile(join(directory, name), text, { mode: 0o600 })),
  );
  return { authority: authority.certificate, directory, file: (name) => join(directory, name) };
}
