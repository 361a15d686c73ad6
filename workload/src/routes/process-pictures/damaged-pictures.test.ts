/** Damaged pictures of which a part can be shown, through a whole processor. */
import assert from "node:assert/strict";
import { photograph } from "../../testing/photographs.ts";
import { pictureProcessor, png, resized, truncated } from "../testing/picture-processor.ts";

describe("POST /v1/process of a damaged picture", () => {
  const { post, url } = pictureProcessor();

  const warned: readonly (readonly [name: string, body: () => Promise<Uint8Array>, warning: string])[] = [
    ["a truncated JPEG", async () => photograph("flower").subarray(0, 40_000), "truncated"],
    ["a truncated PNG", async () => truncated("png"), "truncated"],
    ["a truncated WebP", async () => truncated("webp"), "truncated"],
    ["a PNG without most of its pixels", async () => resized(await png(90, 90), 90, 900), "truncated"],
  ];
  for (const [name, body, warning] of warned) {
    it(`processes ${name} as far as it goes, and warns: ${warning}`, async () => {
      const { response, bytes } = await post(await body());
      assert.equal(response.status, 200, new TextDecoder().decode(bytes.subarray(0, 300)));
      assert.match(response.headers.get("server-timing") ?? "", new RegExp(`, decode-warning;desc="${warning}"$`));
      const metrics = await (await fetch(`${url()}/metrics`)).text();
      assert.match(metrics, new RegExp(`^gpumedia_decode_warnings_total\\{kind="${warning}"\\} [1-9]`, "m"));
    });
  }
});
