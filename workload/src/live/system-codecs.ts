/** The codecs that this machine has. */
import { CodecMissing, type VideoCodec } from "./codec.ts";
import { openLibvpx } from "./libvpx.ts";
import { openOpenh264 } from "./openh264.ts";

export interface SystemCodecs {
  readonly codecs: readonly VideoCodec[];
  /** Why the others cannot be used, and what to install. */
  readonly missing: readonly string[];
}

/** @throws {CodecMissing} if there is none */
export function openSystemCodecs(open: readonly (() => VideoCodec)[] = [openLibvpx, openOpenh264]): SystemCodecs {
  const codecs: VideoCodec[] = [];
  const missing: string[] = [];
  for (const each of open) {
    try {
      codecs.push(each());
    } catch (error) {
      if (!(error instanceof CodecMissing)) throw error;
      missing.push(error.message);
    }
  }
  if (codecs.length === 0) throw new CodecMissing(missing.join("; or for H.264: "));
  return { codecs, missing };
}
