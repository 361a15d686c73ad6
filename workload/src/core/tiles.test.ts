import assert from "node:assert/strict";
import { seededRandom } from "../testing/random.ts";
import { bucketOf, isWhole, pixelsPerTile, tilesOf, type TileRules } from "./tiles.ts";

const anySize: TileRules = {
  fixed: { width: undefined, height: undefined },
  sizeMultiple: 1,
  smallestSide: 1,
  tile: undefined,
  overlap: 16,
  stripPixels: undefined,
  bucketed: false,
};

/** `from-to kept from-to` of the tiles' columns and rows. */
function cut(width: number, height: number, rules: Partial<TileRules>): { x: readonly string[]; y: readonly string[] } {
  const tiles = tilesOf({ width, height }, { ...anySize, ...rules });
  const texts = (axis: "x" | "y") => [
    ...new Set(
      tiles.map(
        (tile) => `${tile[axis].input.from}-${tile[axis].input.to} kept ${tile[axis].kept.from}-${tile[axis].kept.to}`,
      ),
    ),
  ];
  return { x: texts("x"), y: texts("y") };
}

describe("the tiles of a picture", () => {
  const whole = (length: number, to = length) => [`0-${to} kept 0-${length}`];
  const cases: readonly (readonly [
    title: string,
    size: readonly [number, number],
    rules: Partial<TileRules>,
    expected: { readonly x: readonly string[]; readonly y: readonly string[] },
  ])[] = [
    ["are the picture where any size works", [191, 127], {}, { x: whole(191), y: whole(127) }],
    [
      "are padded to the multiple that the model needs",
      [191, 128],
      { sizeMultiple: 8 },
      { x: whole(191, 192), y: whole(128) },
    ],
    ["are padded to the smallest side that works", [1, 5], { smallestSide: 4 }, { x: whole(1, 4), y: whole(5) }],
    [
      "are padded to a fixed size that is larger",
      [100, 300],
      { fixed: { width: 224, height: 320 } },
      { x: whole(100, 224), y: whole(300, 320) },
    ],
    [
      "overlap where the fixed size is smaller",
      [500, 224],
      { fixed: { width: 224, height: 224 } },
      { x: ["0-224 kept 0-181", "138-362 kept 181-319", "276-500 kept 319-500"], y: whole(224) },
    ],
    [
      "have the side that is set, at positions that are multiples",
      [100, 64],
      { tile: 64, overlap: 8, sizeMultiple: 8 },
      { x: ["0-64 kept 0-48", "40-104 kept 48-100"], y: whole(64) },
    ],
    [
      "are strips of rows that overlap by the receptive radius",
      [1024, 250],
      { stripPixels: 102_400, overlap: 4 },
      { x: whole(1024), y: ["0-89 kept 0-84", "80-169 kept 84-165", "161-250 kept 165-250"] },
    ],
    [
      "are strips of at least 64 rows, however wide the picture",
      [100_000, 128],
      { stripPixels: 102_400, overlap: 0 },
      { x: whole(100_000), y: ["0-64 kept 0-64", "64-128 kept 64-128"] },
    ],
    ["are rounded up to buckets", [641, 479], { bucketed: true }, { x: whole(641, 768), y: whole(479, 512) }],
  ];
  for (const [title, [width, height], rules, expected] of cases) {
    it(title, () => assert.deepEqual(cut(width, height, rules), expected));
  }

  it("cover each pixel once, with their overlap around it, in one size that the model takes", () => {
    const random = seededRandom(3);
    const upTo = (most: number): number => 1 + Math.floor(random() * most);
    for (let run = 0; run < 2000; run++) {
      const sizeMultiple = upTo(16);
      const fixedSide = random() < 0.5 ? undefined : sizeMultiple * upTo(20);
      const rules = {
        ...anySize,
        sizeMultiple,
        fixed: { width: fixedSide, height: fixedSide },
        smallestSide: sizeMultiple * upTo(3),
        tile: random() < 0.5 ? undefined : 64 + upTo(200),
        overlap: upTo(12),
        bucketed: random() < 0.3,
        stripPixels: random() < 0.3 ? 50_000 : undefined,
      };
      const size = { width: upTo(700), height: upTo(700) };
      const tiles = tilesOf(size, rules);
      const title = JSON.stringify({ size, rules });
      for (const axis of ["x", "y"] as const) {
        const length = axis === "x" ? size.width : size.height;
        const pieces = [...new Map(tiles.map((tile) => [tile[axis].kept.from, tile[axis]])).values()];
        let at = 0;
        const sizes = new Set<number>();
        for (const { input, kept } of pieces) {
          assert.equal(kept.from, at, title);
          assert.ok(kept.to > kept.from, title);
          assert.ok(input.from >= 0 && input.from <= kept.from && kept.to <= input.to, title);
          assert.equal(input.from % sizeMultiple, 0, title);
          sizes.add(input.to - input.from);
          const [inputSize = 0] = sizes;
          const margin = Math.min(rules.overlap, Math.floor(inputSize / 4 / sizeMultiple) * sizeMultiple);
          if (kept.from > 0) assert.ok(kept.from - input.from >= margin, title);
          if (kept.to < length) assert.ok(input.to - kept.to >= margin, title);
          at = kept.to;
        }
        assert.equal(at, length, title);
        assert.equal(sizes.size, 1, title);
        const [tileSide = 0] = sizes;
        assert.equal(tileSide % sizeMultiple, 0, title);
        if (fixedSide !== undefined) assert.equal(tileSide, fixedSide, title);
        else assert.ok(tileSide >= rules.smallestSide, title);
      }
    }
  });

  it("are whole if the picture itself goes into the model", () => {
    const size = { width: 64, height: 63 };
    assert.equal(isWhole(tilesOf(size, anySize), size), true);
    assert.equal(isWhole(tilesOf(size, { ...anySize, sizeMultiple: 2 }), size), false);
  });
});

describe("the pixels of a tile", () => {
  it("are those of the picture with its padding, or of the size that the model takes", () => {
    assert.equal(pixelsPerTile(tilesOf({ width: 191, height: 127 }, anySize)), 191 * 127);
    assert.equal(pixelsPerTile(tilesOf({ width: 191, height: 127 }, { ...anySize, sizeMultiple: 8 })), 192 * 128);
    const fixed = { ...anySize, fixed: { width: 224, height: 224 } };
    assert.equal(pixelsPerTile(tilesOf({ width: 1, height: 1 }, fixed)), 224 * 224);
    const tiles = tilesOf({ width: 500, height: 300 }, fixed);
    assert.deepEqual([tiles.length, pixelsPerTile(tiles)], [3 * 2, 224 * 224]);
  });
});

describe("buckets", () => {
  it("are few, and waste at most a fifth of a side that has more than 64 pixels", () => {
    const buckets = new Set<number>();
    for (let side = 1; side <= 4096; side++) {
      const bucket = bucketOf(side);
      buckets.add(bucket);
      assert.ok(bucket >= side && bucket % 16 === 0, String(side));
      if (side > 64) assert.ok(bucket - side < bucket / 5, `${side} in ${bucket}`);
    }
    assert.equal(buckets.size, 28);
  });
});
