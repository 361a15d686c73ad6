/** Images as OCI archives, without Docker or a registry. The same folders give the same bytes. */
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { settle, sha256, write } from "./files.ts";
import { architecture } from "./images.ts";
import { writeTar } from "./tar.ts";

export interface ImageSource {
  /** The reference with its tag, as in a pod. */
  readonly name: string;
  /** Folders with the contents of the layers, the lowest first. */
  readonly layers: readonly string[];
  readonly entrypoint: readonly string[];
  /** `uid:gid`. */
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const type = (what: string): string => `application/vnd.oci.image.${what}`;

/** Writes the archive; returns the digest of the image's manifest. */
export async function writeOciArchive(file: string, source: ImageSource): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const layout = await mkdtemp(`${file}.`);
  const blobs = join(layout, "blobs/sha256");
  await mkdir(blobs, { recursive: true });

  async function blob(mediaType: string, written: string): Promise<Descriptor> {
    const hex = await sha256(written);
    const { size } = await stat(written);
    await rename(written, join(blobs, hex));
    return { mediaType, digest: `sha256:${hex}`, size };
  }
  async function document(mediaType: string, content: object): Promise<Descriptor> {
    const written = join(layout, "document");
    await write(written, JSON.stringify(content));
    return blob(mediaType, written);
  }

  try {
    const layers: Descriptor[] = [];
    for (const folder of source.layers) {
      const written = join(layout, "layer");
      await writeTar(written, folder);
      // Not compressed: a push to a registry compresses it, and test nodes load it faster.
      layers.push(await blob(type("layer.v1.tar"), written));
    }
    const { entrypoint, user = "0:0", environment = { PATH: "/usr/local/bin:/usr/bin:/bin" }, labels } = source;
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const config = await document(type("config.v1+json"), {
      architecture,
      os: "linux",
      config: {
        Entrypoint: entrypoint,
        User: user,
        Env: variables,
        ...(labels === undefined ? {} : { Labels: labels }),
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    });
    const mediaType = type("manifest.v1+json");
    const manifest = await document(mediaType, { schemaVersion: 2, mediaType, config, layers });
    const annotations = { "io.containerd.image.name": source.name, "org.opencontainers.image.ref.name": source.name };
    const index = { schemaVersion: 2, mediaType: type("index.v1+json"), manifests: [{ ...manifest, annotations }] };
    await write(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await write(join(layout, "index.json"), JSON.stringify(index));
    await settle(layout);
    await writeTar(`${file}.new`, layout);
    await rename(`${file}.new`, file);
    return manifest.digest;
  } finally {
    await rm(layout, { recursive: true });
  }
}
