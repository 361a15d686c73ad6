/** Which content types a picture may be sent with. Its bytes decide what it is, so only a type that means something else is refused. */
import { formats, mediaTypeNames } from "../../core/picture.ts";

export interface AcceptedType {
  readonly type: string;
  /** Who sends it; Markdown, for docs/processor-api.md. */
  readonly sentBy: string;
}

/** How a body carries a picture. */
export type BodyKind = "picture" | "form" | "other";

export const acceptedTypes: readonly (AcceptedType & { readonly kind: BodyKind; readonly matches: RegExp })[] = [
  {
    type: "`image/*`",
    sentBy: "clients that name the format, also by a name that is not registered, such as `image/jpg`",
    kind: "picture",
    matches: /^image\//,
  },
  {
    type: "none",
    sentBy: "requests and httpx with bytes; Node's fetch with a Buffer or a Blob without a type",
    kind: "picture",
    matches: /^$/,
  },
  {
    type: "`application/octet-stream`, `binary/octet-stream`",
    sentBy: "aiohttp; object stores",
    kind: "picture",
    matches: /^(application|binary|content|unknown)\/(x-)?(octet-stream|binary|unknown)$/,
  },
  {
    type: "`application/x-www-form-urlencoded`",
    sentBy: "curl `--data-binary` and urllib, by default",
    kind: "picture",
    matches: /^application\/x-www-form-urlencoded$/,
  },
  {
    type: "`text/plain`, `*/*`",
    sentBy: "load generators such as ab, by default",
    kind: "picture",
    matches: /^(text\/plain|\*\/\*)$/,
  },
  {
    type: "`multipart/form-data`",
    sentBy: "forms of browsers, curl `-F`, fetch with FormData: with one file, in a field of any name",
    kind: "form",
    matches: /^multipart\/form-data$/,
  },
];

export function bodyKind(contentType: string | undefined): BodyKind {
  const type = mediaType(contentType);
  return acceptedTypes.find(({ matches }) => matches.test(type))?.kind ?? "other";
}

/** Without parameters, in lower case; empty if there is none, or none that the syntax allows (RFC 9110, section 8.3.1). */
export function mediaType(contentType = ""): string {
  const [type = ""] = contentType.split(";", 1);
  // "jpeg", "undefined": a mistake of the client that does not describe the body.
  return /^[^\s/]+\/[^\s/]+$/.test(type.trim()) ? type.trim().toLowerCase() : "";
}

/** For the header `Accept-Post` (Linked Data Platform 1.0, section 7.1). */
export const acceptPost = [
  ...Object.values(formats).map(({ mediaType }) => mediaType),
  "application/octet-stream",
  "multipart/form-data",
].join(", ");

/** How to send a picture, for the detail of a 415. */
export const howToSend = `send the picture itself as the body, as ${mediaTypeNames}, or without a content type (the bytes decide), or as the one file of multipart/form-data`;
