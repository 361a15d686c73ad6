/** Boots etcd, API server, controllers, scheduler and kwok in a new directory. A failure includes the end of a log. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "../../workload/src/testing/free-port.ts";
import { kwokStages } from "./kwok-stages.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { ClusterOptions } from "./options.ts";
import { PrivateNetwork } from "./process-node/private-network.ts";
import { createAuthority, createTokenKeys, type CertificateAuthority, type KeyPair } from "./pki.ts";
import { Processes, ProcessFailure } from "./processes.ts";
import {
  apiServerParameters,
  auditPolicy,
  controllerManagerParameters,
  environment,
  etcdParameters,
  files,
  frontProxyName,
  kwokParameters,
  schedulerParameters,
} from "./programs.ts";
import { Rest } from "./rest.ts";
import { tools } from "./tools.ts";
import { until } from "./until.ts";

const programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
export type Program = (typeof programs)[number] | "kwok";
type Paths = Readonly<Record<(typeof programs)[number] | "kubectl", string> & { readonly kwok?: string }>;

/** Builds what is missing. kwok is for fake nodes, which a cluster with a private network has none of. */
export async function controlPlaneTools(options: ClusterOptions = {}): Promise<Paths> {
  return tools([...programs, ...(isPrivate(options) ? [] : (["kwok"] as const)), "kubectl"]);
}

function isPrivate({ privateNetwork = false, realNode = false }: ClusterOptions): boolean {
  return privateNetwork || realNode;
}

/** Users that get a client certificate. */
const users = {
  admin: { commonName: "admin", organization: "system:masters" },
  "kube-controller-manager": { commonName: "system:kube-controller-manager" },
  "kube-scheduler": { commonName: "system:kube-scheduler" },
  kwok: { commonName: "kwok", organization: "system:masters" },
} as const;
type User = keyof typeof users;

export interface ControlPlane extends AsyncDisposable {
  readonly directory: string;
  readonly server: string;
  /** PEM of the CA. */
  readonly authority: string;
  readonly certificates: CertificateAuthority;
  readonly rest: Rest;
  readonly processes: Processes;
  /** With the option `privateNetwork`. */
  readonly network: PrivateNetwork | undefined;
  readonly kubectl: string;
  readonly kubeconfigFile: (user: User) => string;
}

export interface BootHooks {
  /** Called when the API server is ready, before any controller sends a request. */
  readonly beforeControllers?: (controlPlane: ControlPlane) => Promise<void>;
}

const portAttempts = 5;

export async function bootControlPlane(options: ClusterOptions, hooks: BootHooks = {}): Promise<ControlPlane> {
  const paths = await controlPlaneTools(options);
  const directory = await mkdtemp(join(tmpdir(), "gpumedia-cluster-"));
  // First: only the keeper removes the directory when this process is killed.
  const processes = await Processes.start(directory, options);
  try {
    const network = isPrivate(options) ? await PrivateNetwork.enter(processes) : undefined;
    const [certificates, tokens] = await Promise.all([createAuthority("gpumedia-e2e"), createTokenKeys()]);
    const keys = await writeCertificates(directory, certificates, tokens);
    await processes.start("etcd", { command: paths.etcd, parameters: etcdParameters(), env: environment });
    const rest = await startApiServer(
      processes,
      paths["kube-apiserver"],
      network === undefined ? options : { ...options, port: async () => network.port },
      certificates,
      keys.admin,
    );
    const { server } = rest;
    const kubeconfigFile = (user: User): string => join(directory, `${user}.kubeconfig`);
    for (const [name, user] of Object.entries(keys)) {
      await writeKubeconfig(kubeconfigFile(name as User), {
        name: name === "admin" ? "gpumedia-e2e" : name,
        server,
        authority: certificates.certificate,
        user,
      });
    }
    const controlPlane: ControlPlane = {
      directory,
      server,
      authority: certificates.certificate,
      certificates,
      rest,
      processes,
      network,
      kubectl: paths.kubectl,
      kubeconfigFile,
      async [Symbol.asyncDispose]() {
        await rest[Symbol.asyncDispose]();
        await network?.[Symbol.asyncDispose]();
        await processes[Symbol.asyncDispose]();
      },
    };
    await hooks.beforeControllers?.(controlPlane);
    await startControllers(controlPlane, paths, options);
    return controlPlane;
  } catch (error) {
    await processes[Symbol.asyncDispose]();
    throw error;
  }
}

type UserKeys = Readonly<Record<User, KeyPair>>;

async function writeCertificates(
  directory: string,
  certificates: CertificateAuthority,
  tokens: { readonly privateKey: string; readonly publicKey: string },
): Promise<UserKeys> {
  const [serving, frontProxy, ...clients] = await Promise.all([
    certificates.server(
      { commonName: "kube-apiserver" },
      { dns: ["localhost", "kubernetes.default.svc"], ip: ["127.0.0.1", "10.0.0.1"] },
    ),
    certificates.client({ commonName: frontProxyName }),
    ...Object.values(users).map((subject) => certificates.client(subject)),
  ]);
  const contents: readonly (readonly [file: string, text: string])[] = [
    [files.authority, certificates.certificate],
    [files.serving.certificate, serving.certificate],
    [files.serving.key, serving.key],
    [files.frontProxy.certificate, frontProxy.certificate],
    [files.frontProxy.key, frontProxy.key],
    [files.tokens.privateKey, tokens.privateKey],
    [files.tokens.publicKey, tokens.publicKey],
    [files.auditPolicy, stringify(auditPolicy)],
    [files.stages, kwokStages.map((stage) => stringify(stage, { lineWidth: 0 })).join("---\n")],
  ];
  await Promise.all(contents.map(([file, text]) => writeFile(join(directory, file), text, { mode: 0o600 })));
  return Object.fromEntries(Object.keys(users).map((name, index) => [name, clients[index]])) as unknown as UserKeys;
}

/** Tries another port when the first one is in use: a check beforehand cannot exclude that. */
async function startApiServer(
  processes: Processes,
  command: string,
  options: ClusterOptions,
  { certificate }: CertificateAuthority,
  admin: KeyPair,
): Promise<Rest> {
  for (let attempt = 1; ; attempt++) {
    const port = await (options.port ?? freePort)();
    const parameters = apiServerParameters(port, options);
    await processes.start("kube-apiserver", { command, parameters, env: environment });
    const rest = new Rest(`https://127.0.0.1:${port}`, certificate, admin);
    try {
      await ready(processes, rest);
      return rest;
    } catch (error) {
      await rest[Symbol.asyncDispose]();
      const isTaken = error instanceof ProcessFailure && error.log.includes("address already in use");
      if (!isTaken || attempt === portAttempts) throw error;
    }
  }
}

/** Waits until the API server is ready, and fails as soon as it or etcd exits. */
export async function ready(processes: Processes, rest: Rest): Promise<void> {
  await unlessEnded(processes, ["kube-apiserver", "etcd"], "the API server to be ready", async () => {
    return (await rest.request("GET", "/readyz").catch(() => undefined)) === undefined ? undefined : true;
  });
}

async function startControllers(
  { processes, rest, kubeconfigFile }: ControlPlane,
  paths: Paths,
  options: ClusterOptions,
): Promise<void> {
  const { directory } = processes;
  const parametersOf = {
    "kube-controller-manager": controllerManagerParameters(kubeconfigFile("kube-controller-manager"), options),
    "kube-scheduler": schedulerParameters(kubeconfigFile("kube-scheduler"), options),
    ...(paths.kwok === undefined ? {} : { kwok: kwokParameters(kubeconfigFile("kwok")) }),
  };
  const names = Object.keys(parametersOf) as (keyof typeof parametersOf)[];
  // kwok also reads a configuration file in the user's home: clusters would differ between users.
  const env = { ...environment, HOME: directory };
  await Promise.all(
    names.map((name) =>
      processes.start(name, { command: paths[name] ?? "", parameters: parametersOf[name] ?? [], env }),
    ),
  );
  // No pod can be created in a namespace before a controller has created its service account.
  await unlessEnded(processes, names, "the controllers to create the default service account", async () => {
    return rest.get("/api/v1/namespaces/default/serviceaccounts/default").catch(() => undefined);
  });
}

async function unlessEnded(
  processes: Processes,
  names: readonly Program[],
  what: string,
  read: () => Promise<unknown>,
): Promise<void> {
  const ended = Promise.race(
    names.map(async (name) => {
      const how = await processes.exited(name);
      throw await processes.failure(name, how);
    }),
  );
  // A read may hang, for example when another program has the port; that a process exits is observed all the same.
  await Promise.race([ended, until(what, read, { withinMs: 60_000 })]);
}
