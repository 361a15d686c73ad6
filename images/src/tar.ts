/** Folders as tar archives. The same contents give the same bytes on any machine. */
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Pack } from "tar-stream";
import { byCodeUnits } from "./files.ts";

/** Owner and time must not depend on the machine. */
const reproducible = { uid: 0, gid: 0, mtime: new Date(0) };

/** Writes the folder's contents in a fixed order. */
export async function writeTar(file: string, folder: string, compress = false): Promise<void> {
  const archive = pack();
  const target = createWriteStream(file);
  const written = compress ? pipeline(archive, createGzip(), target) : pipeline(archive, target);
  await Promise.all([add(archive, folder, "").then(() => archive.finalize()), written]);
}

async function add(archive: Pack, folder: string, path: string): Promise<void> {
  for (const name of (await readdir(join(folder, path))).toSorted(byCodeUnits)) {
    const inside = join(path, name);
    const file = join(folder, inside);
    const status = await lstat(file);
    const header = { ...reproducible, name: inside, mode: status.mode & 0o7777 };
    if (status.isDirectory()) {
      archive.entry({ ...header, name: `${inside}/`, type: "directory" });
      await add(archive, folder, inside);
    } else if (status.isSymbolicLink()) {
      archive.entry({ ...header, type: "symlink", mode: 0o777, linkname: await readlink(file) });
    } else {
      await pipeline(createReadStream(file), archive.entry({ ...header, type: "file", size: status.size }));
    }
  }
}
