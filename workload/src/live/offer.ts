/**
 * Checks an SDP offer (RFC 8866, RFC 9725) before any other code reads it: its size, its lines, and what a session needs of it.
 * Clients' candidates are left out: the client's address is where its first packet comes from. Pure.
 */
import type { CodecName } from "./codec.ts";
import { LiveError } from "./live-error.ts";
import { chooseVideo, onlyPayloadType, opusOf } from "./offered-media.ts";

/** Chromium offers about 7 kB and 150 lines with audio and video. */
const most = { bytes: 65_536, lines: 2000, lineLength: 4096, sections: 8 } as const;

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

export interface Offer {
  /** Without the client's candidates and simulcast, and with the one codec of its video that is used. */
  readonly sdp: string;
  readonly codec: CodecName;
  /** The client's direction of its first audio that is Opus; undefined if it has none. */
  readonly audio: Direction | undefined;
  /** Whether the client can start DTLS. */
  readonly startsDtls: boolean;
  /** Of the client, for the transport of all sections. */
  readonly ufrag: string;
  /** Of its video. */
  readonly direction: Direction;
  readonly mid: string;
}

/** `codecs`: that the processor decodes and encodes. @throws {LiveError} */
export function readOffer(text: string, codecs: readonly CodecName[]): Offer {
  const lines = linesOf(text, "offer");
  if (lines[0] !== "v=0") throw malformed("the first line of an offer is v=0");
  const [session = [], ...sections] = sectionsOf(lines);
  if (sections.length === 0 || sections.length > most.sections) {
    throw unusable(`the offer has ${sections.length} media sections, limit ${most.sections}: offer one of video`);
  }
  const videos = sections.filter(([first = ""]) => videoLine.test(first));
  const [video] = videos;
  if (video === undefined || videos.length > 1) {
    throw unusable(`the offer has ${videos.length} sections of video over UDP/TLS/RTP/SAVPF: offer one`);
  }
  for (const section of sections) checkSection(section, session, sections.length > 1);
  const chosen = chooseVideo(video, codecs);
  if (chosen === undefined) {
    const hint = codecs.includes("H264")
      ? "; H264 needs packetization-mode=1 and the profile baseline, main or high"
      : "";
    throw new LiveError("no-common-codec", `the offer has no ${codecs.join(" or ")} video: add it${hint}`);
  }
  const audio = sections.find((section) => isUsed(section) && opusOf(section) !== undefined);
  const kept = [session, ...sections].flatMap((section) => {
    if (section === video) return onlyPayloadType(section, chosen.payloadType);
    return section === audio ? onlyPayloadType(section, opusOf(section) ?? "") : section;
  });
  return {
    sdp: `${kept.filter((line) => !leftOut.test(line)).join("\r\n")}\r\n`,
    codec: chosen.codec,
    audio: audio === undefined ? undefined : directionOf(audio, session),
    startsDtls: valueOf("setup", video, session) !== "passive",
    ufrag: valueOf("ice-ufrag", video, session) ?? "",
    direction: directionOf(video, session),
    mid: valueOf("mid", video, []) ?? "0",
  };
}

/** Candidates are not needed, and without simulcast a client sends one picture instead of several sizes. */
const leftOut = /^a=(candidate:|end-of-candidates$|simulcast:|rid:)/;

const directions: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

function directionOf(section: readonly string[], session: readonly string[]): Direction {
  return directions.find((name) => has(name, section)) ?? directions.find((name) => has(name, session)) ?? "sendrecv";
}

/** What the client of each kind of session must offer for its video. */
const fitting = {
  publish: ["sendonly", "sendrecv"],
  view: ["recvonly", "sendrecv"],
  exchange: ["sendrecv"],
} as const satisfies Record<string, readonly Direction[]>;

export type SessionKind = keyof typeof fitting;

/** @throws {LiveError} if the video of the offer goes the wrong way */
export function checkDirection({ direction }: Pick<Offer, "direction">, kind: SessionKind): void {
  const expected: readonly Direction[] = fitting[kind];
  if (!expected.includes(direction)) {
    throw unusable(`the video of the offer is ${direction}: it must be ${expected.join(" or ")}`);
  }
}

/** Which way audio goes, seen from the processor. It passes through, so that it needs what video needs. */
export function audioWays(
  kind: SessionKind,
  { audio = "inactive" }: Pick<Offer, "audio">,
): { readonly receivesAudio: boolean; readonly sendsAudio: boolean } {
  return {
    receivesAudio: kind !== "view" && (audio === "sendrecv" || audio === "sendonly"),
    sendsAudio: kind !== "publish" && (audio === "sendrecv" || audio === "recvonly"),
  };
}

export interface Fragment {
  /** Another one than the session's is an ICE restart. */
  readonly ufrag: string | undefined;
  readonly password: string | undefined;
}

/** Checks what a client adds to its offer: `application/trickle-ice-sdpfrag` (RFC 8840). @throws {LiveError} */
export function readFragment(text: string): Fragment {
  const lines = linesOf(text, "fragment");
  const wrong = lines.find((line) => line.startsWith("a=candidate:") && !candidateLine.test(line));
  if (wrong !== undefined) throw malformed("a candidate of the fragment is malformed");
  const [ufrag, password] = [valueOf("ice-ufrag", lines, []), valueOf("ice-pwd", lines, [])];
  if (ufrag !== undefined && !credentials["ice-ufrag"].test(ufrag))
    throw malformed("the ice-ufrag of the fragment is malformed");
  if (password !== undefined && !credentials["ice-pwd"].test(password))
    throw malformed("the ice-pwd of the fragment is malformed");
  return { ufrag, password };
}

/** Of RFC 8839, section 5.4; and `-` and `_`, which some clients use. */
const credentials = { "ice-ufrag": /^[\w+/-]{4,256}$/, "ice-pwd": /^[\w+/-]{22,256}$/ } as const;
const videoLine = /^m=video [1-9]\d{0,4} UDP\/TLS\/RTP\/SAVPF( \d{1,3}){1,64}$/;
const mediaLine = /^m=(audio|video|application) \d{1,5} [A-Z/]{1,32}( [\w-]{1,32}){1,64}$/;
const candidateLine =
  /^a=candidate:[\w+/]{1,32} \d{1,3} (udp|tcp) \d{1,10} [\w.:-]{1,255} \d{1,5} typ (host|srflx|prflx|relay)( [\x21-\x7e]+)*$/i;

function linesOf(text: string, what: string): readonly string[] {
  if (text.length > most.bytes) throw malformed(`the ${what} has ${text.length} characters, limit ${most.bytes}`);
  const lines = text.split(/\r\n|\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > most.lines) throw malformed(`the ${what} has ${lines.length} lines, limit ${most.lines}`);
  for (const [index, line] of lines.entries()) {
    if (line.length > most.lineLength) throw malformed(`line ${index + 1} of the ${what} is too long`);
    if (!/^[a-z]=[\x20-\x7e\x80-\u{10ffff}]*$/u.test(line))
      throw malformed(`line ${index + 1} of the ${what} is not SDP`);
  }
  return lines;
}

/** The lines before the first `m=`, then those of each media section. */
function sectionsOf(lines: readonly string[]): readonly (readonly string[])[] {
  const sections: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith("m=")) sections.push([]);
    sections.at(-1)?.push(line);
  }
  return sections;
}

function checkSection(section: readonly string[], session: readonly string[], bundled: boolean): void {
  const [first = ""] = section;
  if (!mediaLine.test(first)) throw unusable("the offer has a media section of an unknown kind");
  if (!isUsed(section)) return;
  const needed = (name: string, pattern: RegExp): void => {
    if (!pattern.test(valueOf(name, section, session) ?? "")) throw unusable(`the offer lacks a valid a=${name}`);
  };
  needed("ice-ufrag", credentials["ice-ufrag"]);
  needed("ice-pwd", credentials["ice-pwd"]);
  needed("fingerprint", /^sha-(256|384|512) ([0-9a-f]{2}:){31,63}[0-9a-f]{2}$/i);
  // FFmpeg offers `passive`, browsers `actpass`.
  needed("setup", /^(actpass|active|passive)$/);
  if (bundled && !session.some((line) => line.startsWith("a=group:BUNDLE "))) {
    throw unusable("the media sections of the offer are not bundled: one transport carries all");
  }
  if (!first.startsWith("m=application") && !has("rtcp-mux", section)) throw unusable("the offer lacks a=rtcp-mux");
}

/** Port 0 is rejected by its client, unless the section shares the transport of another. */
function isUsed(section: readonly string[]): boolean {
  return !/^m=\w+ 0 /.test(section[0] ?? "") || has("bundle-only", section);
}

function has(name: string, section: readonly string[]): boolean {
  return section.includes(`a=${name}`);
}

/** Of the section, or else of the session. */
function valueOf(name: string, section: readonly string[], session: readonly string[]): string | undefined {
  const prefix = `a=${name}:`;
  const line = [...section, ...session].find((candidate) => candidate.startsWith(prefix));
  return line?.slice(prefix.length);
}

function malformed(message: string): LiveError {
  return new LiveError("offer-malformed", message);
}

function unusable(message: string): LiveError {
  return new LiveError("offer-unusable", message);
}
