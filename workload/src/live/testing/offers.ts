/** Offers as clients send them, shortened. */

const transport = [
  "a=ice-ufrag:Yq3d",
  "a=ice-pwd:0123456789abcdefghijklmn",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`,
];

export interface OfferParts {
  readonly session?: readonly string[];
  readonly media?: string;
  readonly setup?: string;
  readonly direction?: string;
  readonly codecs?: readonly string[];
  readonly more?: readonly string[];
}

export function offerText({
  session = [],
  setup = "actpass",
  direction = "sendonly",
  codecs = ["VP8"],
  media = `m=video 9 UDP/TLS/RTP/SAVPF ${codecs.map((_, index) => 96 + index).join(" ")}`,
  more = [],
}: OfferParts = {}): string {
  const lines = [
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    ...session,
    media,
    "c=IN IP4 0.0.0.0",
    ...transport,
    `a=setup:${setup}`,
    "a=mid:0",
    `a=${direction}`,
    "a=rtcp-mux",
    ...codecs.map((codec, index) => `a=rtpmap:${96 + index} ${codec}/90000`),
    ...more,
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}
