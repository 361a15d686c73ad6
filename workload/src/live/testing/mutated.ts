/** Damaged payloads of RTP. */
import type { Random } from "../../testing/random.ts";

/** A copy of which one to five parts are changed, left out or repeated. */
export function mutated(payload: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(payload);
  const at = (): number => Math.floor(random() * bytes.length);
  // The header decides which code gets the rest.
  const inFront = (): number => Math.floor(random() * Math.min(bytes.length, 24));
  for (let count = 0; count <= random() * 4 && bytes.length > 0; count++) {
    const changes = [
      () => void (bytes[at()] = random() * 256),
      () => void (bytes[inFront()] = random() * 256),
      () => void bytes.fill(random() * 256, at(), at()),
      () => void (bytes = bytes.subarray(0, at())),
      () => void (bytes = Buffer.concat([bytes.subarray(0, at()), bytes.subarray(at())])),
      () => void (bytes = Buffer.concat([bytes, bytes.subarray(at())])),
    ];
    changes[Math.floor(random() * changes.length)]?.();
  }
  return bytes;
}
