/** Content negotiation by the Accept header (RFC 9110, section 12.5.1). Pure. */
import { pictureFormats, type PictureFormat } from "../work/picture.ts";

/** The acceptable format of the highest weight; ties prefer a listed format, in order, then the picture's own. */
export function acceptedFormat(accept: string | undefined, ofPicture: PictureFormat): PictureFormat | undefined {
  // Most clients have no preference.
  if (accept === undefined || accept === "" || accept === "*/*") return ofPicture;
  const ranges = accept.slice(0, 1000).split(",").map(range);
  const candidates = [ofPicture, ...pictureFormats.filter((format) => format !== ofPicture)].map((format) => {
    const exact = ranges.findIndex(({ type }) => type === `image/${format}`);
    const wild = ranges.findLast(({ type }) => type === "image/*") ?? ranges.findLast(({ type }) => type === "*/*");
    const weight = exact >= 0 ? (ranges[exact]?.weight ?? 0) : (wild?.weight ?? 0);
    return { format, weight, exact };
  });
  const best = Math.max(...candidates.map(({ weight }) => weight));
  if (best <= 0) return undefined;
  const equals = candidates.filter(({ weight }) => weight === best);
  const named = equals.filter(({ exact }) => exact >= 0).toSorted((a, b) => a.exact - b.exact);
  return (named[0] ?? equals[0])?.format;
}

function range(text: string): { readonly type: string; readonly weight: number } {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const value = weight === undefined ? 1 : Number(weight);
  return { type, weight: Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0 };
}
