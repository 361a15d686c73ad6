import assert from "node:assert/strict";
import { bodyKind, type BodyKind } from "./media-type.ts";

/** Types that clients were seen to send with a picture, and some that mean something else. */
const kinds: Readonly<Record<BodyKind, readonly (string | undefined)[]>> = {
  picture: [
    undefined,
    "",
    "jpeg",
    "undefined",
    "image/jpeg",
    "image/jpg",
    "IMAGE/JPEG",
    "image/jpeg; charset=UTF-8",
    "image/*",
    "*/*",
    "application/octet-stream",
    "binary/octet-stream",
    // Java's URLConnection for a file whose type it cannot guess.
    "content/unknown",
    "application/x-www-form-urlencoded",
    "text/plain;charset=UTF-8",
  ],
  form: ["multipart/form-data; boundary=a", "Multipart/Form-Data;boundary=a", "multipart/form-data"],
  other: ["application/json", "text/html", "video/mp4", "multipart/mixed; boundary=a", "application/pdf"],
};

describe("the content type of a picture", () => {
  for (const [kind, types] of Object.entries(kinds)) {
    for (const type of types) it(`${type ?? "none"}: ${kind}`, () => assert.equal(bodyKind(type), kind));
  }
});
