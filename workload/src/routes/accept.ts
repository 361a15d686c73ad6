/** Content negotiation by the Accept header (RFC 9110, section 12.5.1). Pure. */
import { formats, pictureFormats, type PictureFormat } from "../core/picture.ts";

/**
 * Returns the acceptable formats, best first: by weight; of equal weight the named ones in their order, then the picture's own,
 * then one that keeps what the picture has. Formats that are slow to write come last: browsers name them first, without a weight.
 */
export function acceptableFormats(accept: string | undefined, ofPicture: PictureFormat): readonly PictureFormat[] {
  const own = preferred[ofPicture];
  // Most clients have no preference.
  if (accept === undefined || accept === "" || accept === "*/*") return own;
  const ranges = accept.slice(0, 1000).split(",").map(range);
  return own
    .map((format) => ({
      format,
      ...preference(ranges, format),
      isSlow: formats[format].slowToWrite && format !== ofPicture,
    }))
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight || Number(a.isSlow) - Number(b.isSlow) || a.place - b.place)
    .map(({ format }) => format);
}

/** Without a preference of the client, by the format of its picture. */
const preferred = Object.fromEntries(
  pictureFormats.map((format) => [format, [format, ...fallbacks(format)]]),
) as unknown as Readonly<Record<PictureFormat, readonly PictureFormat[]>>;

function fallbacks(ofPicture: PictureFormat): readonly PictureFormat[] {
  const { transparency } = formats[ofPicture];
  const keeping = pictureFormats.filter((format) => !transparency || formats[format].transparency);
  const ordered = [...keeping, ...pictureFormats.filter((format) => !keeping.includes(format))];
  return ordered.filter((format) => format !== ofPicture).toSorted((a, b) => slowness(a) - slowness(b));
}

function slowness(format: PictureFormat): number {
  return Number(formats[format].slowToWrite);
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

/** `place` is the position of the format's name; formats that only a wildcard covers have the same. */
function preference(
  ranges: readonly Range[],
  format: PictureFormat,
): { readonly weight: number; readonly place: number } {
  const { mediaType } = formats[format];
  const named = ranges.findIndex(({ type }) => type === mediaType);
  if (named >= 0) return { weight: ranges[named]?.weight ?? 0, place: named };
  const wild = ranges.findLast(({ type }) => type === "image/*") ?? ranges.findLast(({ type }) => type === "*/*");
  return { weight: wild?.weight ?? 0, place: ranges.length };
}

function range(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const value = weight === undefined ? 1 : Number(weight);
  return { type, weight: Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0 };
}
