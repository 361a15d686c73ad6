import assert from "node:assert/strict";
import { acceptedFormat } from "./accept.ts";

describe("the format of an answer", () => {
  const cases: readonly { readonly accept: string | undefined; readonly is: string | undefined }[] = [
    { accept: undefined, is: "jpeg" },
    { accept: "*/*", is: "jpeg" },
    { accept: "image/*", is: "jpeg" },
    { accept: "image/png", is: "png" },
    { accept: "image/webp, image/png", is: "webp" },
    { accept: "image/png;q=0.5, image/webp", is: "webp" },
    // What browsers send for an <img>.
    { accept: "image/avif,image/webp,image/apng,image/*,*/*;q=0.8", is: "webp" },
    { accept: "image/jpeg;q=0, image/*", is: "png" },
    { accept: "text/html", is: undefined },
    { accept: "image/png;q=0", is: undefined },
    { accept: "IMAGE/PNG", is: "png" },
    { accept: "image/png;q=abc", is: undefined },
  ];
  for (const { accept, is } of cases) {
    it(`for Accept: ${accept} and a JPEG is ${is}`, () => assert.equal(acceptedFormat(accept, "jpeg"), is));
  }
});
