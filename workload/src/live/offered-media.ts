/** Which codec of an offer's video and audio is used, and the section without the others (RFC 3264, RFC 6184 section 8.2.2). Pure. */
import type { CodecName } from "./codec.ts";

export interface OfferedVideo {
  readonly codec: CodecName;
  readonly payloadType: string;
}

/**
 * The client's first choice of what we have: its payload types are in the order of its preference. Of H.264's profiles constrained
 * baseline comes first, which is what we send; a decoder of main or high decodes it, too.
 */
export function chooseVideo(section: readonly string[], codecs: readonly CodecName[]): OfferedVideo | undefined {
  const payloadTypes = section[0]?.split(" ").slice(3) ?? [];
  const usable = payloadTypes.flatMap((payloadType) => {
    const name = /^([\w-]+)\/90000$/.exec(attribute("rtpmap", payloadType, section))?.[1]?.toUpperCase();
    const codec = codecs.find((each) => each === name);
    if (codec === undefined) return [];
    const rank = codec === "H264" ? rankOf(attribute("fmtp", payloadType, section)) : 0;
    return rank === undefined ? [] : [{ codec, payloadType, rank }];
  });
  const [first] = usable;
  const ofCodec = usable.filter(({ codec }) => codec === first?.codec).toSorted((a, b) => a.rank - b.rank);
  const [best] = ofCodec;
  return best === undefined ? undefined : { codec: best.codec, payloadType: best.payloadType };
}

/** The payload type of Opus in a section of audio (RFC 7587); undefined if it has none. */
export function opusOf([first = "", ...lines]: readonly string[]): string | undefined {
  if (!first.startsWith("m=audio ")) return undefined;
  const payloadTypes = first.split(" ").slice(3);
  return payloadTypes.find((payloadType) => /^opus\/48000\/2$/i.test(attribute("rtpmap", payloadType, lines)));
}

/** The section with this payload type alone. */
export function onlyPayloadType(section: readonly string[], payloadType: string): readonly string[] {
  return section.flatMap((line, index) => {
    if (index === 0) return [`${line.split(" ").slice(0, 3).join(" ")} ${payloadType}`];
    const of = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d{1,3}) /.exec(line)?.[1];
    return of === undefined || of === payloadType ? [line] : [];
  });
}

/** Constrained baseline, baseline, main, high. */
const profiles = [/^42[c-f]/i, /^42/i, /^4d/i, /^64/i];
/** What a client has that names none (RFC 6184, section 8.1). */
const defaultProfile = "42000a";

/** Undefined for what we cannot send or receive: other profiles, and mode 0, in which large pictures have no packets. */
function rankOf(parameters: string): number | undefined {
  if (!/(^|[; ])packetization-mode=1(;|$)/.test(parameters)) return undefined;
  const id = /(?:^|[; ])profile-level-id=([0-9a-f]{6})/i.exec(parameters)?.[1] ?? defaultProfile;
  const rank = profiles.findIndex((pattern) => pattern.test(id));
  return rank < 0 ? undefined : rank;
}

function attribute(name: string, payloadType: string, section: readonly string[]): string {
  const prefix = `a=${name}:${payloadType} `;
  return section.find((line) => line.startsWith(prefix))?.slice(prefix.length) ?? "";
}
