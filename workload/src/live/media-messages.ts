/** Control messages between the processor and a media process; frames have a pipe of their own. A process may have several sessions. */

import type { CodecName } from "./codec.ts";
import type { IceCredentials } from "./ice-agent.ts";

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
  /** Likewise of its audio. */
  readonly receivesAudio: boolean;
  readonly sendsAudio: boolean;
  /** Of our ufrag: names the pod. */
  readonly ufragPrefix: string;
  readonly mostPixels: number;
  readonly mostFramesPerSecond: number;
  readonly mostKbps: number;
}

/** One of the forms in which a publisher's media process encodes results, for the viewers that share it. */
export interface Encoding {
  readonly id: number;
  readonly codec: CodecName;
  readonly kbps: number;
}

export interface AvailableCodecs {
  readonly names: readonly CodecName[];
  /** `libvpx v1.12.0` */
  readonly versions: readonly string[];
  /** Why the others cannot be used, and what to install. */
  readonly missing: readonly string[];
}

export type ToSession =
  | { readonly kind: "open"; readonly setup: MediaSetup }
  /** All of them; those that are not listed end. */
  | { readonly kind: "encodings"; readonly encodings: readonly Encoding[] }
  | { readonly kind: "key-frame"; readonly encoding: number }
  /** The client restarts ICE. */
  | { readonly kind: "restart"; readonly client: IceCredentials }
  | { readonly kind: "close" };

export type ToMedia = { readonly session: number; readonly message: ToSession };

export type ConnectionState = "connected" | "disconnected" | "failed" | "closed";

export type FromSession =
  | { readonly kind: "answer"; readonly sdp: string }
  /** WebRTC cannot use the offer. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "restarted"; readonly ours: IceCredentials }
  | { readonly kind: "state"; readonly state: ConnectionState }
  /** To the client, in ms. */
  | { readonly kind: "round-trip"; readonly ms: number }
  /** What the client can receive, in kbit/s. */
  | { readonly kind: "receivable"; readonly kbps: number }
  /** The client needs one. */
  | { readonly kind: "key-frame" }
  /** No more frames come of this encoding. */
  | { readonly kind: "encoding-failed"; readonly encoding: number; readonly message: string }
  | { readonly kind: "closed" };

export type FromMedia =
  | { readonly kind: "ready"; readonly codecs: AvailableCodecs }
  /** The process cannot work on this machine. */
  | { readonly kind: "unusable"; readonly message: string }
  | { readonly kind: "session"; readonly session: number; readonly message: FromSession };

/** Of the pipe for frames; 0 to 3 are the standard streams and the control messages. */
export const framePipe = 4;
