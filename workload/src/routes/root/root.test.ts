/** Development's pages, in a headless Chromium with a camera of its own. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { ProcessorConfig } from "@gpumedia/api";
import type { Context } from "mocha";
import { type Browser, chromium, type Page } from "playwright-core";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { modelFile, pictureModelBytes } from "../../testing/picture-models.ts";
import { installedChromium } from "../../testing/chromium.ts";
import { appWith, fakeContext } from "../testing/fake-context.ts";
import { realProcessor } from "../testing/real-processor.ts";
import { root } from "./root.ts";

const photograph = fileURLToPath(new URL("../../../testdata/flower.jpg", import.meta.url));

// What runs in the page is text: its types are the browser's, which are not Node's.
const sizes = `["#before", "#after"].map((id) => document.querySelector(id)).map((image) => [image.naturalWidth, image.naturalHeight])`;
const droppedFile = `(async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 20, height: 10 });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const transfer = new DataTransfer();
  transfer.items.add(new File([blob], "canvas.png", { type: "image/png" }));
  return transfer;
})()`;

/** Runs `test` on an empty page; errors of the page that are not `expected` fail it. Skipped where there is no Chromium. */
async function inBrowser(
  context: Context,
  test: (page: Page, url: string) => Promise<void>,
  expected: readonly RegExp[] = [],
  config: ProcessorConfig = {},
): Promise<void> {
  const executablePath = installedChromium();
  // The page's scripts need a browser; `installedChromium` prints how to get one.
  if (executablePath === undefined) context.skip();
  await using processor = await realProcessor({ environment: "development", ...config });
  const browser: Browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await test(page, processor.url);
    assert.deepEqual(
      errors.filter((error) => !expected.some((pattern) => pattern.test(error))),
      [],
    );
  } finally {
    await browser.close();
  }
}

describe("the page at /", () => {
  it("is a pointer to the API in production", async () => {
    const app = await appWith(root, fakeContext());
    const { statusCode, headers, body } = await app.inject("/");
    assert.deepEqual([statusCode, headers["content-type"]], [200, "text/plain; charset=utf-8"]);
    assert.match(body, /^API description: {4}http:\/\/localhost:80\/openapi\.json$/m);
    assert.match(body, /GPUMEDIA_ENVIRONMENT=development$/m);
    assert.equal((await app.inject("/pages/try.js")).statusCode, 404);
    await app.close();
  });

  it("shows a picture before and after, with timings", async function (this: Context) {
    await inBrowser(this, async (page, url) => {
      await page.goto(url);
      await page.setInputFiles("#file", photograph);
      await page.locator("#message", { hasText: /^done$/ }).waitFor();
      const [before = [], after = []] = await page.evaluate<number[][]>(sizes);
      assert.ok((before[0] ?? 0) > 0);
      assert.deepEqual(
        after,
        before.map((length) => length * 2),
      );
      const stages = await page.locator("#timing th").allTextContents();
      assert.deepEqual(stages, ["queue", "decode", "inference", "encode", "whole request"]);
    });
  });

  it("accepts a dropped picture", async function (this: Context) {
    await inBrowser(this, async (page, url) => {
      await page.goto(url);
      const files = await page.evaluateHandle(droppedFile);
      await page.dispatchEvent("#drop", "drop", { dataTransfer: files });
      await page.locator("#message", { hasText: /^done$/ }).waitFor();
      assert.match((await page.textContent("#after-size")) ?? "", /^40×20, /);
    });
  });

  it("reports a file that is not a picture", async function (this: Context) {
    await inBrowser(
      this,
      async (page, url) => {
        await page.goto(url);
        await page.setInputFiles("#file", photograph);
        await page.locator("#message", { hasText: /^done$/ }).waitFor();
        const answered = page.waitForResponse(/\/v1\/process/);
        await page.setInputFiles("#file", { name: "a.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
        assert.equal((await answered).status(), 415);
        await page.waitForSelector("#message.wrong");
        assert.match((await page.textContent("#message")) ?? "", /^415 Not a picture in a supported format: /);
        assert.deepEqual(
          [await page.getAttribute("#before", "src"), await page.textContent("#before-size")],
          [null, ""],
        );
      },
      [/^Failed to load resource: the server responded with a status of 415/],
    );
  });

  it("streams the camera until it is stopped", async function (this: Context) {
    await inBrowser(this, async (page, url) => {
      await page.goto(url);
      await page.click("#camera");
      await page.locator('[data-stage="frames answered"] td', { hasText: /^([3-9]|\d{2,}) / }).waitFor();
      // The picture of an answer is decoded after it is counted.
      await page.locator("#after-size", { hasText: "×" }).waitFor();
      const [, [after] = []] = await page.evaluate<number[][]>(sizes);
      const video = await page.evaluate<number>(`document.querySelector("#video").videoWidth`);
      assert.equal(after, video * 2);
      await page.click("#camera");
      assert.equal(await page.textContent("#camera"), "Use the camera");
    });
  });

  const live = {
    workers: 1,
    model: { name: "repeating", path: modelFile(pictureModelBytes()) },
    live: { enabled: true, udpPort: 0, token: "correct-horse" },
  };

  it("has no button for live video where it is disabled", async function (this: Context) {
    await inBrowser(this, async (page, url) => {
      await page.goto(url);
      assert.equal(await page.isHidden("#live"), true);
    });
  });

  it("sends the camera as live video and shows the result, with frames per second, dropped frames and latency", async function (this: Context) {
    needsCodec(this);
    const inPage = async (page: Page, url: string): Promise<void> => {
      // A phone.
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(url);
      await page.fill("#token", "correct-horse");
      await page.click("#live");
      await page.locator('[data-stage="frames back"] td', { hasText: /^([3-9]\d|\d{3,}) \([1-9]\d*\/s\)$/ }).waitFor();
      await page.locator('[data-stage="latency, encoded to shown"] td', { hasText: /^p50 [\d.]+ ms, p95 / }).waitFor();
      assert.match((await page.textContent('[data-stage="dropped or on the way"] td')) ?? "", /^\d+ \(\d+ %\)$/);
      const width = async (id: string) => page.evaluate<number>(`document.querySelector("${id}").videoWidth`);
      assert.deepEqual([await width("#video"), await width("#result")], [640, 1280]);
      const isWide = await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
      assert.equal(isWide, false, "the page scrolls sideways");
      const screenshots = process.env["SCREENSHOTS"];
      if (screenshots !== undefined) await page.screenshot({ path: `${screenshots}/live.png`, fullPage: true });
      const deleted = page.waitForResponse((response) => response.request().method() === "DELETE");
      await page.click("#live");
      assert.equal((await deleted).status(), 204);
      assert.deepEqual(
        [await page.isHidden("#result"), await page.textContent("#live")],
        [true, "Use the camera as live video"],
      );
    };
    await inBrowser(this, inPage, [], live);
  });

  it("says that the token of live video is wrong", async function (this: Context) {
    needsCodec(this);
    const inPage = async (page: Page, url: string): Promise<void> => {
      await page.goto(url);
      await page.fill("#token", "wrong");
      await page.click("#live");
      await page.locator("#message.wrong", { hasText: /^401 / }).waitFor();
      assert.equal(await page.isHidden("#video"), true);
    };
    await inBrowser(this, inPage, [/^Failed to load resource: the server responded with a status of 401/], live);
  });

  it("says that the session has ended when the processor has ended it", async function (this: Context) {
    needsCodec(this);
    const inPage = async (page: Page, url: string): Promise<void> => {
      await page.goto(url);
      await page.fill("#token", "correct-horse");
      const answered = page.waitForResponse(/\/v1\/exchange/);
      await page.click("#live");
      let response = await answered;
      while (response.status() !== 201) response = await page.waitForResponse(/\/v1\/exchange/);
      await page.locator('[data-stage="frames back"] td', { hasText: /^[1-9]/ }).waitFor();
      const headers = { authorization: "Bearer correct-horse" };
      await fetch(new URL(response.headers()["location"] ?? "", url), { method: "DELETE", headers });
      await page.locator("#message.wrong", { hasText: "the processor has ended the session" }).waitFor();
    };
    await inBrowser(this, inPage, [], live);
  });
});
