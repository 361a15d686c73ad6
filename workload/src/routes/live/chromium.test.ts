/** A real browser, with its fake camera, as docs/live.md describes. */
import assert from "node:assert/strict";
import type { Context } from "mocha";
import { chromium } from "playwright-core";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { installedChromium } from "../../testing/chromium.ts";
import { modelFile, pictureModelBytes } from "../../testing/picture-models.ts";
import { realProcessor } from "../testing/real-processor.ts";

const token = "correct-horse";
/** A camera without a person who permits it. */
const fakeCamera = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

interface Seen {
  readonly size: readonly number[];
  readonly states: readonly string[];
}

/** A program of the page: the size of the received video, and the states of its transport before and after the session is deleted. */
const exchange = `(async () => {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
  const connection = new RTCPeerConnection();
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240, frameRate: 10 } });
  const { sender, receiver } = connection.addTransceiver(camera.getVideoTracks()[0], { direction: "sendrecv" });
  await connection.setLocalDescription();
  const headers = { "content-type": "application/sdp", authorization: "Bearer ${token}" };
  const response = await fetch("/v1/exchange", { method: "POST", headers, body: connection.localDescription.sdp });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(answer);
  await connection.setRemoteDescription({ type: "answer", sdp: answer });
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = new MediaStream([receiver.track]);
  await video.play();
  const decoded = async () =>
    [...(await receiver.getStats()).values()].find(({ type }) => type === "inbound-rtp")?.framesDecoded ?? 0;
  while ((await decoded()) < 10) await pause();
  const size = [video.videoWidth, video.videoHeight];
  const states = [sender.transport.state];
  await fetch(response.headers.get("location"), { method: "DELETE", headers });
  while (sender.transport.state === "connected") await pause();
  states.push(sender.transport.state, connection.iceConnectionState);
  return { size, states };
})()`;

describe("live video in Chromium", () => {
  it("goes through the model and back, and its end is noticed before the connection is lost", async function (this: Context) {
    needsCodec(this);
    const executablePath = installedChromium();
    if (executablePath === undefined) return this.skip();
    await using processor = await realProcessor({
      workers: 1,
      model: { name: "repeating", path: modelFile(pictureModelBytes()) },
      live: { enabled: true, udpPort: 0, token },
    });
    const browser = await chromium.launch({ executablePath, args: fakeCamera });
    try {
      const page = await browser.newPage();
      await page.goto(`${processor.url}/livez`);
      const { size, states } = await page.evaluate<Seen>(exchange);
      assert.deepEqual(size, [640, 480]);
      assert.deepEqual(states, ["connected", "closed", "connected"]);
    } finally {
      await browser.close();
    }
  });
});
