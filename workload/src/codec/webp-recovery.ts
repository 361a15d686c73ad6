/** What can be shown of a WebP that is cut off: libwebp decodes it if zeros follow, enough for all that it reads. Pure. */

/** For the rest of a small picture. */
const fewestZeros = 4096;
/** The file's own statement of its length is not to be believed beyond this. */
const mostZeros = 16 * 1024 * 1024;

/** Returns the file with its last chunk filled up (RFC 9649, section 2.3); undefined if it is not cut off. */
export function completedWebp(webp: Buffer): Buffer | undefined {
  for (let at = 12; at + 8 <= webp.length;) {
    const length = webp.readUInt32LE(at + 4);
    const missing = at + 8 + length - webp.length;
    if (missing > mostZeros) return undefined;
    if (missing > 0) return filledUp(webp, at, missing + Math.max(fewestZeros, webp.length));
    at += 8 + length + (length % 2);
  }
  // Between chunks, or before the byte that makes an odd one even.
  const missing = 8 + webp.readUInt32LE(4) - webp.length;
  return missing > 0 && missing <= mostZeros ? Buffer.concat([webp, Buffer.alloc(missing)]) : undefined;
}

function filledUp(webp: Buffer, chunkAt: number, zeros: number): Buffer {
  const filled = Buffer.concat([webp, Buffer.alloc(zeros + ((webp.length + zeros) % 2))]);
  filled.writeUInt32LE(filled.length - 8, 4);
  filled.writeUInt32LE(filled.length - chunkAt - 8, chunkAt + 4);
  return filled;
}
