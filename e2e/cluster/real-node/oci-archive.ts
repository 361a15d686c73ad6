/** One-layer images as OCI archives, from a folder that is to be their file system: no Docker, and no registry to pull from. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

export interface ImageSource {
  /** As pods name it, with its tag. */
  readonly name: string;
  /** The folder. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  /** `uid:gid`. */
  readonly user?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const run = promisify(execFile);
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const type = (what: string): string => `application/vnd.oci.image.${what}`;

/** Writes the archive; the same folder gives the same one. */
export async function writeOciArchive(
  file: string,
  { name, root, entrypoint, user = "0:0" }: ImageSource,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const layout = await mkdtemp(`${file}.`);
  const blobs = join(layout, "blobs/sha256");
  await mkdir(blobs, { recursive: true });

  async function blob(mediaType: string, written: string): Promise<Descriptor> {
    const digest = createHash("sha256");
    await pipeline(createReadStream(written), digest);
    const hex = digest.digest("hex");
    const { size } = await stat(written);
    await rename(written, join(blobs, hex));
    return { mediaType, digest: `sha256:${hex}`, size };
  }
  async function document(mediaType: string, content: object): Promise<Descriptor> {
    const written = join(layout, "document");
    await writeFile(written, JSON.stringify(content));
    return blob(mediaType, written);
  }

  try {
    await tar(join(layout, "layer"), root, ["."]);
    // Not compressed: nobody sends it anywhere.
    const layer = await blob(type("layer.v1.tar"), join(layout, "layer"));
    const config = await document(type("config.v1+json"), {
      architecture,
      os: "linux",
      config: { Entrypoint: entrypoint, User: user, Env: ["PATH=/usr/local/bin:/usr/bin:/bin"] },
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    });
    const mediaType = type("manifest.v1+json");
    const manifest = await document(mediaType, { schemaVersion: 2, mediaType, config, layers: [layer] });
    await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const named = { ...manifest, annotations: { "io.containerd.image.name": name } };
    await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
    await tar(`${file}.new`, layout, ["oci-layout", "index.json", "blobs"]);
    await rename(`${file}.new`, file);
  } finally {
    await rm(layout, { recursive: true });
  }
}

async function tar(file: string, folder: string, members: readonly string[]): Promise<void> {
  const fixed = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await run("tar", [...fixed, "-C", folder, "-cf", file, ...members]);
}
