/** What can be shown of a WebP that is cut off: libwebp decodes it if zeros follow, enough for all that it reads. Pure. */

/** For the rest of a small picture. */
const fewestZeros = 4096;
/** The file's own statement of its length is not to be believed beyond this. */
const mostZeros = 16 * 1024 * 1024;
/** More than a pixel takes: in a lossless picture, four codes of at most 15 bits. */
const bytesPerPixel = 8;

/** Returns the bytes that a copy of a picture's file can get for what it lacks, beside twice the file. */
export function mostFilling(pixels: number): number {
  return Math.min(mostZeros, Math.max(fewestZeros, pixels * bytesPerPixel)) + fewestZeros;
}

/** Returns the file with its last chunk filled up (RFC 9649, section 2.3); undefined if it is not cut off. */
export function completedWebp(webp: Buffer, pixels: number): Buffer | undefined {
  // A damaged length would take up to 16 MiB for a picture of any size; malloc keeps memory of that size for later.
  const enough = Math.max(fewestZeros, pixels * bytesPerPixel);
  for (let at = 12; at + 8 <= webp.length;) {
    const length = webp.readUInt32LE(at + 4);
    const missing = at + 8 + length - webp.length;
    if (missing > mostZeros) return undefined;
    if (missing > 0) {
      const filled = withZeros(webp, Math.min(missing, enough) + Math.max(fewestZeros, webp.length));
      filled.writeUInt32LE(filled.length - at - 8, at + 4);
      return filled;
    }
    at += 8 + length + (length % 2);
  }
  // Between chunks, or before the byte that makes an odd one even.
  const missing = 8 + webp.readUInt32LE(4) - webp.length;
  return missing > 0 && missing <= mostZeros ? withZeros(webp, Math.min(missing, enough)) : undefined;
}

/** Of an even length, as RIFF wants it. */
function withZeros(webp: Buffer, zeros: number): Buffer {
  const filled = Buffer.alloc(webp.length + zeros + ((webp.length + zeros) % 2));
  webp.copy(filled);
  filled.writeUInt32LE(filled.length - 8, 4);
  return filled;
}
