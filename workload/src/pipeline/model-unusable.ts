import type { Unusable } from "./worker-pool.ts";

/** The processor can't work at all; its message is one line. */
export class ModelUnusable extends Error {
  readonly reason: Unusable["reason"];

  constructor({ reason, message }: Unusable) {
    super(message.replaceAll(/\s+/g, " "));
    this.name = "ModelUnusable";
    this.reason = reason;
  }
}
