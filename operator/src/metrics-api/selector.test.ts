import assert from "node:assert/strict";
import { parseSelector } from "./selector.ts";

const labels = { app: "media", tier: "gpu", "gpumedia.io/service": "upscaler", empty: "" };

describe("label selector", () => {
  const cases: readonly (readonly [selector: string, selects: boolean | undefined])[] = [
    ["", true],
    ["app=media", true],
    ["app==media", true],
    ["app = media", true],
    ["app=other", false],
    ["app!=other", true],
    ["app!=media", false],
    ["missing!=x", true],
    ["app=media,tier=gpu", true],
    ["app=media,tier=cpu", false],
    ["gpumedia.io/service=upscaler", true],
    ["tier in (gpu, cpu)", true],
    ["tier in (cpu)", false],
    ["missing in (x)", false],
    ["tier notin (cpu,tpu),app=media", true],
    ["tier notin (gpu)", false],
    ["missing notin (x)", true],
    ["app", true],
    ["missing", false],
    ["!missing", true],
    ["!app", false],
    ["empty=", true],
    ["app=", false],
    ["app=media,", undefined],
    ["app=a b", undefined],
    ["app in media", undefined],
    ["=media", undefined],
    ["app>3", undefined],
    ["toString", false],
  ];
  for (const [selector, selects] of cases) {
    it(`${selector || "(empty)"}: ${selects === undefined ? "is none" : selects ? "selects" : "does not select"}`, () => {
      assert.equal(parseSelector(selector)?.(labels), selects);
    });
  }
});
