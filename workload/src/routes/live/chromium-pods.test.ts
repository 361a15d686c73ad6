/** A real browser as publisher with several viewers, and before several pods. */
import assert from "node:assert/strict";
import type { Context } from "mocha";
import { chromium, type Page } from "playwright-core";
import type { Peer } from "../../live/peer-pods.ts";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { UdpBalancer } from "../../live/testing/udp-balancer.ts";
import { installedChromium } from "../../testing/chromium.ts";
import { livePod } from "../testing/live-pod.ts";

const token = "correct-horse";
/** A camera without a person who permits it. */
const camera = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/**
 * Functions of the page. `open(path, direction, port)` resolves to a session when it is connected; `port`: where its packets go instead of
 * the port in the answer. `frames(session, count)` resolves to the times of its next frames, in ms.
 */
const client = `
const headers = { "content-type": "application/sdp", authorization: "Bearer ${token}" };
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
window.open = async (path, direction, port) => {
  const connection = new RTCPeerConnection();
  const video = direction === "recvonly" ? "video" : (await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240, frameRate: 20 } })).getVideoTracks()[0];
  const { receiver } = connection.addTransceiver(video, { direction });
  await connection.setLocalDescription();
  const response = await fetch(path, { method: "POST", headers, body: connection.localDescription.sdp });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(answer);
  const states = [];
  connection.onconnectionstatechange = () => states.push(connection.connectionState);
  const sdp = port === undefined ? answer : answer.replace(/ \\d+ typ host/g, " " + port + " typ host");
  await connection.setRemoteDescription({ type: "answer", sdp });
  while (connection.connectionState !== "connected") await pause();
  const element = document.createElement("video");
  element.muted = true;
  element.srcObject = new MediaStream([receiver.track]);
  void element.play();
  return { element, states, location: response.headers.get("location") };
};
window.frames = async ({ element }, count) => {
  const times = [];
  while (times.length < count) times.push(await new Promise((resolve) => element.requestVideoFrameCallback(resolve)));
  return times;
};`;

async function withPage(test: Context, url: () => string, use: (page: Page) => Promise<void>): Promise<void> {
  const executablePath = installedChromium();
  // npm cannot install a browser; `installedChromium` prints how to get one.
  if (executablePath === undefined) return test.skip();
  const browser = await chromium.launch({ executablePath, args: camera });
  try {
    const page = await browser.newPage();
    await page.goto(`${url()}/livez`);
    await page.evaluate(client);
    await use(page);
  } finally {
    await browser.close();
  }
}

describe("live video of several clients and pods in Chromium", () => {
  it("goes from a publisher to three viewers", async function (this: Context) {
    needsCodec(this);
    await using pod = await livePod("10.0.0.1", [], { token });
    await withPage(
      this,
      () => pod.processor.url,
      async (page) => {
        const sizes = await page.evaluate(`(async () => {
        await open("/v1/whip/garden", "sendonly");
        const viewers = await Promise.all([1, 2, 3].map(() => open("/v1/whep/garden", "recvonly")));
        await Promise.all(viewers.map((viewer) => frames(viewer, 10)));
        return viewers.map(({ element }) => [element.videoWidth, element.videoHeight]);
      })()`);
        const doubled = [640, 480];
        assert.deepEqual(sizes, [doubled, doubled, doubled]);
      },
    );
  });

  it("reaches its pod through another one, and goes on without signalling when a balancer moves it", async function (this: Context) {
    needsCodec(this);
    const peers: Peer[] = [];
    await using owner = await livePod("10.0.0.1", peers, { token });
    await using first = await livePod("10.0.0.2", peers, { token });
    await using second = await livePod("10.0.0.3", peers, { token });
    const balancer = await UdpBalancer.start(first.udpPort, "0.0.0.0");
    await withPage(
      this,
      () => owner.processor.url,
      async (page) => {
        await page.exposeFunction("move", (port: number) => balancer.move(port));
        const { gaps, states } = await page.evaluate<{ readonly gaps: readonly number[]; readonly states: unknown }>(
          `(async () => {
          const session = await open("/v1/exchange", "sendrecv", ${balancer.port});
          await frames(session, 20);
          const gaps = [];
          for (const port of [${second.udpPort}, ${owner.udpPort}]) {
            await move(port);
            // Some frames are on their way still.
            const times = await frames(session, 40);
            gaps.push(Math.round(Math.max(...times.slice(1).map((time, index) => time - times[index]))));
          }
          return { gaps, states: session.states };
        })()`,
        );
        process.stdout.write(`      longest time between two frames at each move: ${gaps.join(" ms, ")} ms\n`);
        assert.deepEqual(states, ["connecting", "connected"]);
      },
    );
    balancer.close();
  });
});
