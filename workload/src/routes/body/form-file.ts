/** The picture in a body of multipart/form-data (RFC 7578): its one file. */
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { HttpProblem } from "../problem.ts";

/** A form of a page has a few fields; splitting ten thousand parts would block the main thread. */
const mostParts = 100;

const pieceBytes = 64 * 1024;

interface Part {
  readonly isFile: boolean;
  readonly chunks: Buffer[];
}

/** The bytes of the form's one file; undefined if it has none. Rejects with HttpProblem 400 if there are several. */
export async function formFile(
  form: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts = (await partsOf(form, contentType)).filter(({ chunks }) => chunks.length > 0);
  const files = parts.filter(({ isFile }) => isFile);
  // curl's `-F 'picture=<file'` sends the only part without a file name.
  const candidates = files.length === 0 && parts.length === 1 ? parts : files;
  if (candidates.length > 1) throw new HttpProblem("form", `the form has ${candidates.length} files; send one`);
  return candidates[0] && new Uint8Array(Buffer.concat(candidates[0].chunks));
}

async function partsOf(form: Uint8Array<ArrayBuffer>, contentType: string): Promise<readonly Part[]> {
  const parts: Part[] = [];
  await new Promise<void>((resolve, reject) => {
    const failures: string[] = [];
    const fail = (detail: string): void => {
      failures.push(detail);
      reject(new HttpProblem("form", detail));
    };
    let parser: BusboyInstance;
    try {
      parser = new Busboy({
        headers: { "content-type": contentType },
        limits: { parts: mostParts },
        // Fields without a file name as well: one of them may be the picture, and decoding it as text would damage it.
        isPartAFile: () => true,
      });
    } catch (error) {
      // No boundary in the content type: a client that sets the header itself.
      return fail(`the content type names no boundary; let the client set it (${(error as Error).message})`);
    }
    parser.on("file", (_field, content, fileName, _encoding, type) => {
      const part: Part = {
        isFile: fileName !== undefined || /^(image\/|application\/octet-stream)/.test(type),
        chunks: [],
      };
      parts.push(part);
      content.on("data", (chunk: Buffer) => part.chunks.push(chunk));
      content.on("error", (error) => fail(`the form is damaged: ${error.message}`));
    });
    parser.on("partsLimit", () => fail(`the form has more than ${mostParts} parts`));
    parser.on("error", (error) => fail(`the form is damaged: ${(error as Error).message}`));
    parser.on("finish", resolve);
    // In pieces: the parser cannot be stopped within one, and a million parts would take it seconds.
    for (let at = 0; at < form.length && failures.length === 0; at += pieceBytes) {
      parser.write(Buffer.from(form.buffer, form.byteOffset + at, Math.min(pieceBytes, form.length - at)));
    }
    if (failures.length === 0) parser.end();
  });
  return parts;
}
