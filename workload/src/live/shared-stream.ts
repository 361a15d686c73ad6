/**
 * Who watches a stream in which encoding. Viewers of one codec whose bit rates are within a factor of two share an encoding, at the lowest
 * bit rate among them; it comes from the publisher's media process. Pure: effects are callbacks.
 */
import type { CodecName } from "./codec.ts";
import type { EncodedFrame } from "./frame-pipe.ts";
import type { Encoding } from "./media-messages.ts";

export interface SharedStreamOptions {
  readonly mostKbps: number;
  /** The encodings that the stream needs from now on. */
  readonly order: (encodings: readonly Encoding[]) => void;
  readonly requestKeyFrame: (encoding: number) => void;
}

export interface StreamViewer {
  readonly id: string;
  readonly codec: CodecName;
  /** False if the viewer's connection is behind, so that the frame is dropped. */
  readonly send: (frame: EncodedFrame) => boolean;
}

interface Member {
  readonly viewer: StreamViewer;
  /** That it can receive. */
  kbps: number;
  /** Its share of the highest bit rate: 0 is more than half of it, 1 more than a quarter, and so on. */
  step: number;
  /** Frames refer to others that it has not got. */
  needsKeyFrame: boolean;
}

/** Until a client has reported what it can receive. */
export const firstKbps = 1000;
/** A viewer at the border of two steps stays where it is. */
const tolerance = 1.2;
const mostSteps = 8;
/** A smaller change of an encoding's bit rate is not worth starting its rate control anew. */
const worthChanging = 0.1;
const codecs: readonly CodecName[] = ["VP8", "H264"];

export class SharedStream {
  readonly #options: SharedStreamOptions;
  readonly #members = new Map<string, Member>();
  #encodings: readonly Encoding[] = [];

  constructor(options: SharedStreamOptions) {
    this.#options = options;
  }

  get viewers(): number {
    return this.#members.size;
  }

  get encodings(): readonly Encoding[] {
    return this.#encodings;
  }

  /** A viewer has connected. */
  join(viewer: StreamViewer): void {
    const kbps = Math.min(firstKbps, this.#options.mostKbps);
    this.#members.set(viewer.id, { viewer, kbps, step: this.#stepOf(kbps), needsKeyFrame: true });
    this.#order();
    this.requestKeyFrame(viewer.id);
  }

  leave(id: string): void {
    if (this.#members.delete(id)) this.#order();
  }

  /** A viewer reports what it can receive. */
  receivable(id: string, kbps: number): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    member.kbps = Math.min(kbps, this.#options.mostKbps);
    const [highest, lowest] = [
      this.#options.mostKbps / 2 ** member.step,
      this.#options.mostKbps / 2 ** (member.step + 1),
    ];
    const stays = member.kbps < highest * tolerance && member.kbps > lowest / tolerance;
    const step = stays ? member.step : this.#stepOf(member.kbps);
    const moves = step !== member.step;
    member.step = step;
    member.needsKeyFrame ||= moves;
    this.#order();
    if (moves) this.requestKeyFrame(id);
  }

  /** A viewer asks for a key frame: all who share its encoding get it. */
  requestKeyFrame(id: string): void {
    const member = this.#members.get(id);
    if (member !== undefined) this.#options.requestKeyFrame(encodingOf(member));
  }

  /** Passes a frame on to its viewers; returns whether it was sent to each of them. */
  encoded(frame: EncodedFrame): readonly boolean[] {
    return this.#membersOf(frame.encoding).map((member) => {
      if (frame.key) member.needsKeyFrame = false;
      if (member.needsKeyFrame) return false;
      const isSent = member.viewer.send(frame);
      if (!isSent) {
        member.needsKeyFrame = true;
        this.#options.requestKeyFrame(frame.encoding);
      }
      return isSent;
    });
  }

  /** The viewers of an encoding. */
  viewersOf(encoding: number): readonly string[] {
    return this.#membersOf(encoding).map(({ viewer }) => viewer.id);
  }

  #membersOf(encoding: number): readonly Member[] {
    return [...this.#members.values()].filter((member) => encodingOf(member) === encoding);
  }

  #stepOf(kbps: number): number {
    return Math.min(mostSteps - 1, Math.max(0, Math.floor(Math.log2(this.#options.mostKbps / Math.max(1, kbps)))));
  }

  #order(): void {
    const ids = [...new Set([...this.#members.values()].map(encodingOf))].toSorted((a, b) => a - b);
    const encodings = ids.flatMap((id): Encoding[] => {
      const members = this.#membersOf(id);
      const [first] = members;
      if (first === undefined) return [];
      const lowest = Math.min(...members.map(({ kbps }) => kbps));
      const before = this.#encodings.find((each) => each.id === id)?.kbps;
      const isSame = before !== undefined && Math.abs(lowest - before) <= before * worthChanging;
      return [{ id, codec: first.viewer.codec, kbps: isSame ? before : lowest }];
    });
    if (JSON.stringify(encodings) === JSON.stringify(this.#encodings)) return;
    this.#encodings = encodings;
    this.#options.order(encodings);
  }
}

function encodingOf({ viewer, step }: Member): number {
  return codecs.indexOf(viewer.codec) * mostSteps + step;
}
