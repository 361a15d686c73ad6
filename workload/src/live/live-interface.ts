/** What the routes pass to live video, and get from it. */
import type { Settings } from "../config/settings.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Logger } from "../process/log.ts";
import type { LiveTelemetry } from "../telemetry/live-telemetry.ts";
import type { SessionKind } from "./offer.ts";
import type { Peers } from "./peer-pods.ts";

export interface LiveOptions {
  readonly settings: Settings["live"];
  readonly pipeline: Pick<Pipeline, "processFrame">;
  readonly telemetry: LiveTelemetry;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** Undefined: clients reach this pod alone. */
  readonly peers?: Peers | undefined;
  /** In ms. */
  readonly now?: () => number;
}

export interface OfferRequest {
  readonly kind: SessionKind;
  /** Null with `exchange`. */
  readonly stream: string | null;
  readonly sdp: string;
  /** Where the request may have arrived: the addresses of the media, unless others are configured. */
  readonly addresses: readonly string[];
}

export interface Opened {
  readonly id: string;
  readonly etag: string;
  readonly answer: string;
}

export interface Restarted {
  readonly etag: string;
  readonly fragment: string;
}
