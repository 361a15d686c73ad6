import assert from "node:assert/strict";
import { podPattern } from "./promql.ts";

describe("the pattern of a service's pods", () => {
  const long = "a-service-whose-name-has-almost-all-characters-there";
  const cases: { readonly name: string; readonly pod: string; readonly matches: boolean }[] = [
    { name: "upscaler", pod: "upscaler-6d4c8b7f9d-x2k4p", matches: true },
    { name: "upscaler", pod: "upscaler-7fb96c846-zz9wl", matches: true },
    { name: "upscaler", pod: "upscaler-2x-6d4c8b7f9d-x2k4p", matches: false },
    { name: "upscaler", pod: "an-upscaler-6d4c8b7f9d-x2k4p", matches: false },
    { name: "upscaler", pod: "upscaler-0", matches: false },
    { name: "upscaler", pod: "nvidia-dcgm-exporter-x2k4p", matches: false },
    // A pod's name has at most 63 characters: the middle is truncated.
    { name: long, pod: `${long}-6d4c8x2k4p`.slice(0, 63), matches: true },
    { name: long, pod: `${long.slice(0, -1)}-6d4c8b7f9d-x2k4p`, matches: false },
  ];
  for (const { name, pod, matches } of cases) {
    it(`${matches ? "matches" : "does not match"} ${pod} of ${name}`, () => {
      assert.equal(new RegExp(`^(?:${podPattern({ name, namespace: "media" })})$`).test(pod), matches);
    });
  }
});
