/** The contents of an image's archive as a file system in which programs run, without container runtime and root. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

interface Config {
  readonly config: { readonly User: string; readonly Env: readonly string[]; readonly Entrypoint: readonly string[] };
}

export interface Unpacked {
  readonly root: string;
  readonly config: Config["config"];
}

/** Reads the archive as a runtime does, from its index to its layers. */
export async function unpack(archive: string, folder: string): Promise<Unpacked> {
  const [layout, root] = [join(folder, "layout"), join(folder, "root")];
  await Promise.all([layout, root].map((path) => mkdir(path, { recursive: true })));
  await untar(archive, layout);
  const blob = (digest: string): string => join(layout, "blobs", digest.replace(":", "/"));
  const document = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, "utf8"));
  const index = (await document(join(layout, "index.json"))) as Manifests;
  const manifest = (await document(blob(index.manifests[0]?.digest ?? ""))) as Manifest;
  for (const { digest } of manifest.layers) await untar(blob(digest), root);
  // A runtime creates them if they are missing.
  for (const name of ["proc", "dev"]) await mkdir(join(root, name), { recursive: true });
  const { config } = (await document(blob(manifest.config.digest))) as Config;
  return { root, config };
}

interface Manifests {
  readonly manifests: readonly { readonly digest: string }[];
}
interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

async function untar(archive: string, folder: string): Promise<void> {
  await run("tar", ["--extract", "--file", archive, "--directory", folder, "--no-same-owner"]);
}

/** Read-only except /tmp, as the image's user. Arguments: the root, the user, the command. */
const script = `
root=$1 user=$2; shift 2
mount --rbind "$root" "$root" && mount -o remount,bind,ro,nosuid,nodev "$root" &&
mount -t tmpfs tmpfs "$root/tmp" && mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" &&
exec unshare --user --map-user="$user" --map-group="$user" --root="$root" --wd=/ "$@"`;

/** The error of the program that fails; undefined if this machine allows it. */
export async function whyNoContainers(folder: string): Promise<string | undefined> {
  const root = await mkdtemp(join(folder, "empty-"));
  await Promise.all(["tmp", "proc", "dev"].map((name) => mkdir(join(root, name))));
  const probe = script.replace(/exec unshare.*/, "unshare --user --map-user=$user --map-group=$user true");
  return run("unshare", [...namespaces, "sh", "-c", probe, "sh", root, "10001"]).then(
    () => undefined,
    ({ stderr, message }: Error & { readonly stderr?: string }) => stderr?.trim() || message,
  );
}

const namespaces = ["--user", "--map-root-user", "--mount"] as const;

/** Starts a command of the image; a signal reaches the program itself. */
export function start(
  { root, config }: Unpacked,
  command: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): ChildProcess {
  const [user = ""] = config.User.split(":");
  const variables = Object.fromEntries(config.Env.map((text) => text.split("=")));
  return spawn("unshare", [...namespaces, "sh", "-c", script, "sh", root, user, ...command], {
    // The machine's folders are for `unshare` and `mount`; they are empty for the program.
    env: { ...variables, ...environment, PATH: `${variables["PATH"]}:/usr/sbin:/usr/bin:/sbin:/bin` },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
