/** Frames of video for tests: a gradient with a bright square that moves. */
import type { Size } from "../../core/picture.ts";
import { chromaSize, frameBytes, type VideoFrame } from "../../core/video-frame.ts";

export function drawnFrame({ width, height }: Size, index: number): VideoFrame {
  const bytes = new Uint8Array(frameBytes({ width, height })).fill(128);
  const side = Math.floor(Math.min(width, height) / 4);
  const left = side === 0 ? 0 : (index * 4) % Math.max(1, width - side);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isSquare = x >= left && x < left + side && y >= side && y < 2 * side;
      bytes[y * width + x] = isSquare ? 220 : 40 + Math.floor((x / width) * 100);
    }
  }
  const chroma = chromaSize({ width, height });
  bytes.fill(110, width * height, width * height + chroma.width * chroma.height);
  return { width, height, bytes };
}

/** Luma and chroma at random within `spread` around the middle: no codec can predict it, so its bit rate decides its size. */
export function noiseFrame(size: Size, random: () => number, spread: number): VideoFrame {
  const bytes = Uint8Array.from({ length: frameBytes(size) }, () => 128 + (random() - 0.5) * spread);
  return { ...size, bytes };
}

/** Of all bytes, in levels. */
export function meanDifference(a: VideoFrame, b: VideoFrame): number {
  return a.bytes.reduce((sum, value, at) => sum + Math.abs(value - (b.bytes[at] ?? 0)), 0) / a.bytes.length;
}
