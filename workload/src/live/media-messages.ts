/** Control messages between the processor and a media process; frames have a pipe of their own. */

import type { CodecName } from "./codec.ts";

export interface MediaSetup {
  /** Checked, without candidates. */
  readonly offer: string;
  /** Of its video. */
  readonly codec: CodecName;
  /** Whether the client starts DTLS. */
  readonly clientStartsDtls: boolean;
  /** Whether the client's video comes in, and whether processed video goes out. */
  readonly receives: boolean;
  readonly sends: boolean;
  readonly mostPixels: number;
  readonly mostFramesPerSecond: number;
  readonly mostKbps: number;
}

export interface AvailableCodecs {
  readonly names: readonly CodecName[];
  /** `libvpx v1.12.0` */
  readonly versions: readonly string[];
  /** Why the others cannot be used, and what to install. */
  readonly missing: readonly string[];
}

export type ToMedia = { readonly kind: "open"; readonly setup: MediaSetup } | { readonly kind: "close" };

export type ConnectionState = "connected" | "disconnected" | "failed" | "closed";

export type FromMedia =
  | { readonly kind: "ready"; readonly codecs: AvailableCodecs }
  /** The process cannot work on this machine. */
  | { readonly kind: "unusable"; readonly message: string }
  | { readonly kind: "answer"; readonly sdp: string }
  /** WebRTC cannot use the offer. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "state"; readonly state: ConnectionState }
  /** To the client, in ms. */
  | { readonly kind: "round-trip"; readonly ms: number };

/** Of the pipe for frames; 0 to 3 are the standard streams and the control messages. */
export const framePipe = 4;
