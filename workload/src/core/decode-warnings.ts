/** What a decoder warns of: the picture is processed all the same. */

/** By kind, what the decoder found, for docs/processor-api.md; the kinds are the labels of `gpumedia_decode_warnings_total`. */
export const decodeWarningKinds = {
  truncated:
    "the file ends early: its end marker is missing, or a part of its pixels; what is missing is grey (JPEG), black or transparent (PNG), or continues what came (WebP)",
  corrupt: "a part of the file does not follow its format; pixels may be wrong",
  profile: "the embedded colour profile cannot be used; the colours are taken as sRGB",
} as const;

export type DecodeWarningKind = keyof typeof decodeWarningKinds;

export interface DecodeWarning {
  readonly kind: DecodeWarningKind;
  /** The decoder's own message. */
  readonly detail: string;
}
