/** Reads ICC profiles that consist of curves and a matrix (ICC.1:2022, sections 7, 8 and 10). Pure; reads within bounds. */
import type { ColourSpace, Curve } from "./colour-space.ts";
import { transposed, type Vector } from "./matrix.ts";

export type ProfileReading =
  | { readonly kind: "space"; readonly space: ColourSpace; readonly channels: 1 | 3 }
  /** Of another kind, such as tables of a printer. */
  | { readonly kind: "tables"; readonly channels: number }
  | { readonly kind: "invalid"; readonly message: string };

const headerLength = 128;

export function readProfile(bytes: Uint8Array): ProfileReading {
  try {
    return readTags(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: "invalid", message: "the colour profile ends within its tags" };
  }
}

function readTags(profile: Buffer): ProfileReading {
  if (profile.toString("latin1", 36, 40) !== "acsp") return { kind: "invalid", message: "it is no ICC profile" };
  const channels = channelsOf(profile.toString("latin1", 16, 20));
  if (channels === undefined) return { kind: "invalid", message: "the colour profile is not for RGB, grey or CMYK" };
  const tags = tagsOf(profile);
  const isByXyz = profile.toString("latin1", 20, 24) === "XYZ ";
  // With tables too, the tables count.
  if (channels === 4 || !isByXyz || tags.has("A2B0")) return { kind: "tables", channels };
  const curve = (name: string) => readCurve(tagOf(tags, name));
  if (channels === 1) return { kind: "space", channels, space: { curves: [curve("kTRC")], toXyz: null } };
  const curves = [curve("rTRC"), curve("gTRC"), curve("bTRC")] as const;
  const [red, green, blue] = ["rXYZ", "gXYZ", "bXYZ"].map((name) => readXyz(tagOf(tags, name)));
  if (red === undefined || green === undefined || blue === undefined) throw new RangeError("unreachable");
  return { kind: "space", channels, space: { curves, toXyz: transposed([red, green, blue]) } };
}

function channelsOf(space: string): 1 | 3 | 4 | undefined {
  return ({ GRAY: 1, "RGB ": 3, CMYK: 4 } as const)[space];
}

function tagsOf(profile: Buffer): ReadonlyMap<string, Buffer> {
  const tags = new Map<string, Buffer>();
  // A profile has about twenty.
  const count = Math.min(profile.readUInt32BE(headerLength), 100);
  for (let index = 0; index < count; index++) {
    const at = headerLength + 4 + index * 12;
    const [from, length] = [profile.readUInt32BE(at + 4), profile.readUInt32BE(at + 8)];
    tags.set(profile.toString("latin1", at, at + 4), profile.subarray(from, from + length));
  }
  return tags;
}

/** @throws {RangeError} if it is missing */
function tagOf(tags: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const tag = tags.get(name);
  if (tag === undefined) throw new RangeError(`no ${name}`);
  return tag;
}

function readXyz(tag: Buffer): Vector {
  return [fixed(tag, 8), fixed(tag, 12), fixed(tag, 16)];
}

function readCurve(tag: Buffer): Curve {
  const type = tag.toString("latin1", 0, 4);
  if (type === "para") return parametric(tag);
  if (type !== "curv") throw new RangeError(`a curve of type ${type}`);
  const count = tag.readUInt32BE(8);
  if (count === 0) return (value) => value;
  if (count === 1) return power(tag.readUInt16BE(12) / 256);
  if (12 + count * 2 > tag.length) throw new RangeError("a curve that is cut off");
  const points = Float64Array.from({ length: count }, (_, index) => tag.readUInt16BE(12 + index * 2) / 65_535);
  return (value) => {
    const place = value * (count - 1);
    const before = Math.min(Math.floor(place), count - 2);
    const [low = 0, high = 0] = [points[before], points[before + 1]];
    return low + (high - low) * (place - before);
  };
}

export function power(gamma: number): Curve {
  return (value) => value ** gamma;
}

/** Section 10.18: five functions of up to seven numbers. */
function parametric(tag: Buffer): Curve {
  const kind = tag.readUInt16BE(8);
  const counts = [1, 3, 4, 5, 7];
  const count = counts[kind];
  if (count === undefined) throw new RangeError(`a parametric curve of kind ${kind}`);
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from({ length: count }, (_, index) =>
    fixed(tag, 12 + index * 4),
  );
  const upper: Curve = (value) => Math.max(0, a * value + b) ** g;
  switch (kind) {
    case 0:
      return power(g);
    case 1:
      return (value) => (value >= -b / a ? upper(value) : 0);
    case 2:
      return (value) => (value >= -b / a ? upper(value) : 0) + c;
    case 3:
      return (value) => (value >= d ? upper(value) : c * value);
    default:
      return (value) => (value >= d ? upper(value) + e : c * value + f);
  }
}

/** s15Fixed16Number. */
function fixed(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) / 65_536;
}
