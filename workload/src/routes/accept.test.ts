import assert from "node:assert/strict";
import { acceptableFormats } from "./accept.ts";

describe("the acceptable formats of an answer", () => {
  const cases: readonly {
    readonly accept: string | undefined;
    readonly own?: "png" | "webp" | "avif";
    readonly are: string;
  }[] = [
    { accept: undefined, are: "jpeg png webp avif" },
    { accept: "*/*", are: "jpeg png webp avif" },
    { accept: "image/*", are: "jpeg png webp avif" },
    { accept: "image/png", are: "png" },
    { accept: "image/webp, image/png", are: "webp png" },
    { accept: "image/png;q=0.5, image/webp", are: "webp png" },
    // What browsers send for an <img>: the named ones come first, and AVIF last, because it is slow to write.
    { accept: "image/avif,image/webp,image/apng,image/*,*/*;q=0.8", are: "webp jpeg png avif" },
    { accept: "image/avif,image/webp;q=0.9", are: "avif webp" },
    { accept: "image/avif", are: "avif" },
    { accept: "image/jpeg;q=0, image/*", are: "png webp avif" },
    { accept: "text/html", are: "" },
    { accept: "image/png;q=0", are: "" },
    { accept: "IMAGE/PNG", are: "png" },
    { accept: "image/png;q=abc", are: "" },
    // Formats that keep transparency come before JPEG.
    { accept: undefined, own: "webp", are: "webp png jpeg avif" },
    { accept: undefined, own: "png", are: "png webp jpeg avif" },
    { accept: undefined, own: "avif", are: "avif png webp jpeg" },
    { accept: "image/webp;q=0.9, */*;q=0.1", own: "png", are: "webp png jpeg avif" },
  ];
  for (const { accept, own = "jpeg" as const, are } of cases) {
    it(`for Accept: ${accept} and a picture in ${own} are ${are || "none"}`, () =>
      assert.equal(acceptableFormats(accept, own).join(" "), are));
  }
});
