/** Frames of sizes that H.264's encoder takes: even sides of at least 16 pixels. Pure. */
import { chromaSize, frameBytes, type VideoFrame } from "../core/video-frame.ts";

/** Of OpenH264. */
const leastSide = 16;

/** The frame itself if its size fits; else a copy without the last odd column and row, or with its edge repeated. */
export function encodableFrame(frame: VideoFrame): VideoFrame {
  const [width = 0, height = 0] = [frame.width, frame.height].map((side) => Math.max(leastSide, side & ~1));
  if (width === frame.width && height === frame.height) return frame;
  const bytes = new Uint8Array(frameBytes({ width, height }));
  const [chromaFrom, chromaTo] = [chromaSize(frame), chromaSize({ width, height })];
  let [from, to] = [0, 0];
  for (const [source, target] of [
    [frame, { width, height }],
    [chromaFrom, chromaTo],
    [chromaFrom, chromaTo],
  ] as const) {
    for (let y = 0; y < target.height; y++, to += target.width) {
      const row = from + Math.min(y, source.height - 1) * source.width;
      bytes.set(frame.bytes.subarray(row, row + Math.min(source.width, target.width)), to);
      const edge = frame.bytes[row + source.width - 1] ?? 0;
      if (target.width > source.width) bytes.fill(edge, to + source.width, to + target.width);
    }
    from += source.width * source.height;
  }
  return { width, height, bytes };
}
