/** Changes JPEGs as cameras, phones and interrupted transfers do. Pure. */
import { jpegSegments, marker } from "../codec/jpeg-segments.ts";
import { pick, type Mutation } from "./mutation.ts";
import type { Random } from "../testing/random.ts";

const between = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));

/** The first segment that fits, or undefined. */
function segmentOf(jpeg: Buffer, fits: (code: number) => boolean) {
  for (const segment of jpegSegments(jpeg)) if (fits(segment.code)) return segment;
  return undefined;
}

function inserted(jpeg: Buffer, at: number, bytes: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, at), bytes, jpeg.subarray(at)]);
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

export const jpegMutations: readonly Mutation[] = [
  /** lovell/sharp#3488 */
  function changeSpectralBytes(jpeg, random) {
    const scan = segmentOf(jpeg, (code) => code === marker.sos);
    if (scan === undefined) return jpeg;
    const changed = Buffer.from(jpeg);
    changed.set(
      pick(random, [
        [0, 0, 0],
        [0, 63, 0],
        [1, 63, 0],
        [0, 5, 0],
        [0, 63, 1],
      ]),
      scan.to - 3,
    );
    return changed;
  },
  /** libjpeg-turbo#157 */
  function addStrayBytes(jpeg, random) {
    const end = jpeg.lastIndexOf(Buffer.of(0xff, marker.eoi));
    return inserted(jpeg, end < 0 ? jpeg.length : end, noise(random, between(random, 1, 80)));
  },
  /** libjpeg-turbo#163 */
  (jpeg) => jpeg.subarray(0, -2),
  function addBytesBetweenSegments(jpeg, random) {
    const starts = [...jpegSegments(jpeg)].map(({ from }) => from);
    return starts.length === 0 ? jpeg : inserted(jpeg, pick(random, starts), noise(random, between(random, 1, 4)));
  },
  /** zune-image#276 */
  function changeSampling(jpeg, random) {
    const frame = segmentOf(jpeg, (code) => code >= marker.sof0 && code <= marker.sof2);
    if (frame === undefined) return jpeg;
    const changed = Buffer.from(jpeg);
    for (let at = frame.from + 11; at < frame.to; at += 3) {
      changed[at] = pick(random, [0x11, 0x12, 0x21, 0x22, 0x13, 0x31, 0x41, 0x14, 0x42]);
    }
    return changed;
  },
  /** libjxl#3502 */
  (jpeg, random) =>
    Buffer.concat([jpeg, noise(random, between(random, 1, 400)), Buffer.from([0xff, marker.sos, 0, 8])]),
  function addRestartInterval(jpeg, random) {
    const scan = segmentOf(jpeg, (code) => code === marker.sos);
    const interval = Buffer.from([0xff, 0xdd, 0, 4, 0, between(random, 0, 9)]);
    return scan === undefined ? jpeg : inserted(jpeg, scan.from, interval);
  },
  function addAdobeSegment(jpeg, random) {
    const adobe = Buffer.from([
      0xff,
      0xee,
      0,
      14,
      ...Buffer.from("Adobe"),
      0,
      100,
      0,
      0,
      0,
      0,
      pick(random, [0, 1, 2]),
    ]);
    return inserted(jpeg, 2, adobe);
  },
];
