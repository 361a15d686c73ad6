/** ICC profiles of curves and a matrix (ICC.1:2010, version 2.4), as cameras and editors embed them. */
import { d65, xyzOf, type Chromaticities } from "../codec/colour/colour-space.ts";

/** By name: primaries and the exponent of the curves. */
export const rgbSpaces = {
  "Adobe RGB": { primaries: { white: d65, red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06] }, gamma: 2.199 },
  "ProPhoto RGB": {
    primaries: { white: [0.3457, 0.3585], red: [0.7347, 0.2653], green: [0.1596, 0.8404], blue: [0.0366, 0.0001] },
    gamma: 1.8,
  },
} as const satisfies Readonly<Record<string, { readonly primaries: Chromaticities; readonly gamma: number }>>;

export function rgbProfile({
  primaries,
  gamma,
}: {
  readonly primaries: Chromaticities;
  readonly gamma: number;
}): Buffer {
  const matrix = xyzOf(primaries);
  const colorant = (column: 0 | 1 | 2) => xyz(matrix[0][column], matrix[1][column], matrix[2][column]);
  const curve = gammaCurve(gamma);
  return profile("RGB ", {
    rXYZ: colorant(0),
    gXYZ: colorant(1),
    bXYZ: colorant(2),
    rTRC: curve,
    gTRC: curve,
    bTRC: curve,
  });
}

export function greyProfile(gamma: number): Buffer {
  return profile("GRAY", { kTRC: gammaCurve(gamma) });
}

function profile(space: string, curvesAndColorants: Readonly<Record<string, Buffer>>): Buffer {
  const tags = Object.entries({
    desc: description,
    cprt: text("none"),
    wtpt: xyz(0.9642, 1, 0.8249),
    ...curvesAndColorants,
  });
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  const start = 128 + table.length;
  const contents: Buffer[] = [];
  let length = 0;
  for (const [index, [name, content]] of tags.entries()) {
    const padded = Buffer.concat([content, Buffer.alloc(-content.length & 3)]);
    table.write(name, 4 + index * 12, "latin1");
    table.writeUInt32BE(start + length, 8 + index * 12);
    table.writeUInt32BE(content.length, 12 + index * 12);
    contents.push(padded);
    length += padded.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(start + length, 0);
  header.writeUInt32BE(0x02400000, 8);
  header.write(`mntr${space}XYZ `, 12, "latin1");
  header.write("acsp", 36, "latin1");
  xyz(0.9642, 1, 0.8249).copy(header, 68, 8);
  return Buffer.concat([header, table, ...contents]);
}

const description = Buffer.concat([Buffer.from("desc\0\0\0\0\0\0\0\x05test\0", "latin1"), Buffer.alloc(78)]);

function text(content: string): Buffer {
  return Buffer.from(`text\0\0\0\0${content}\0`, "latin1");
}

function xyz(...values: readonly number[]): Buffer {
  const tag = Buffer.alloc(8 + values.length * 4);
  tag.write("XYZ ", "latin1");
  for (const [index, value] of values.entries()) tag.writeInt32BE(Math.round(value * 65_536), 8 + index * 4);
  return tag;
}

function gammaCurve(gamma: number): Buffer {
  const tag = Buffer.alloc(14);
  tag.write("curv", "latin1");
  tag.writeUInt32BE(1, 8);
  tag.writeUInt16BE(Math.round(gamma * 256), 12);
  return tag;
}
