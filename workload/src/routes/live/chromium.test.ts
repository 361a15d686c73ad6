/** A real browser, with its fake camera, as docs/live.md describes. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import type { Context } from "mocha";
import { chromium } from "playwright-core";
import type { CodecName } from "../../live/codec.ts";
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
  readonly mimeType: string;
  /** Status of the PATCH, whether the ETag is new, the state of ICE, and whether the new credentials are in use. */
  readonly restarted: readonly unknown[];
  /** Of its candidates. */
  readonly kinds: readonly string[];
}

/** A program of the page: the size of the received video, and the states of its transport before and after the session is deleted. */
const exchange = (iceTransportPolicy: "all" | "relay", codec: CodecName, restarts: boolean): string => `(async () => {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
  const headers = { "content-type": "application/sdp", authorization: "Bearer ${token}" };
  const links = (await fetch("/v1/exchange", { method: "OPTIONS", headers })).headers.get("link") ?? "";
  const iceServers = [...links.matchAll(/<([^>]+)>; rel="ice-server"(?:; username="(.*?)"; credential="(.*?)")?/g)].map(
    ([, urls, username, credential]) => ({ urls, username, credential }),
  );
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: "${iceTransportPolicy}" });
  const camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240, frameRate: 10 } });
  const transceiver = connection.addTransceiver(camera.getVideoTracks()[0], { direction: "sendrecv" });
  const { sender, receiver } = transceiver;
  const voice = connection.addTransceiver(camera.getAudioTracks()[0], { direction: "sendrecv" });
  const { codecs } = RTCRtpReceiver.getCapabilities("video");
  transceiver.setCodecPreferences(codecs.toSorted((a, b) => (b.mimeType === "video/${codec}") - (a.mimeType === "video/${codec}")));
  await connection.setLocalDescription();
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
  const heard = async () =>
    [...(await voice.receiver.getStats()).values()].find(({ type }) => type === "inbound-rtp")?.packetsReceived ?? 0;
  while ((await heard()) < 10) await pause();
  const size = [video.videoWidth, video.videoHeight];
  const restart = async () => {
    connection.restartIce();
    await connection.setLocalDescription(await connection.createOffer());
    const credentials = connection.localDescription.sdp.match(/a=ice-(ufrag|pwd):.*/g).slice(0, 2);
    const patch = { ...headers, "content-type": "application/trickle-ice-sdpfrag", "if-match": "*" };
    const patched = await fetch(response.headers.get("location"), { method: "PATCH", headers: patch, body: credentials.join("\\r\\n") });
    const fragment = await patched.text();
    const [ufrag, pwd] = ["ufrag", "pwd"].map((name) => fragment.match(new RegExp("a=ice-" + name + ":(.*)"))[0]);
    await connection.setRemoteDescription({ type: "answer", sdp: answer.replace(/a=ice-ufrag:.*/g, ufrag).replace(/a=ice-pwd:.*/g, pwd) });
    const before = await decoded();
    while ((await decoded()) < before + 20) await pause();
    const selected = sender.transport.iceTransport.getSelectedCandidatePair();
    return [patched.status, patched.headers.get("etag") !== response.headers.get("etag"), connection.iceConnectionState, "a=ice-ufrag:" + selected.remote.usernameFragment === ufrag];
  };
  const restarted = ${restarts} ? await restart() : [];
  const mimeType = [...(await receiver.getStats()).values()].find(({ type }) => type === "codec")?.mimeType;
  const states = [sender.transport.state];
  await fetch(response.headers.get("location"), { method: "DELETE", headers });
  while (sender.transport.state === "connected") await pause();
  states.push(sender.transport.state, connection.iceConnectionState);
  const kinds = [...(await connection.getStats()).values()].filter(({ type }) => type === "local-candidate");
  return { size, states, mimeType, restarted, kinds: [...new Set(kinds.map(({ candidateType }) => candidateType))] };
})()`;

const turnSecret = "north";

async function seen(
  test: Context,
  iceServers: readonly string[],
  policy: "all" | "relay",
  codec: CodecName = "VP8",
  restarts = false,
): Promise<Seen> {
  needsCodec(test, codec);
  const executablePath = installedChromium();
  // npm cannot install a browser; `installedChromium` prints how to get one.
  if (executablePath === undefined) return test.skip();
  await using processor = await realProcessor({
    workers: 1,
    model: { name: "repeating", path: modelFile(pictureModelBytes()) },
    live: { enabled: true, udpPort: 0, token, turnSecret, iceServers: [...iceServers] },
  });
  const browser = await chromium.launch({ executablePath, args: fakeCamera });
  try {
    const page = await browser.newPage();
    await page.goto(`${processor.url}/livez`);
    return await page.evaluate<Seen>(exchange(policy, codec, restarts));
  } finally {
    await browser.close();
  }
}

describe("live video in Chromium", () => {
  it("goes through the model and back, and its end is noticed before the connection is lost", async function (this: Context) {
    const { size, states } = await seen(this, [], "all");
    assert.deepEqual(
      [size, states],
      [
        [640, 480],
        ["connected", "closed", "connected"],
      ],
    );
  });

  it("goes through the model and back in H.264 if the browser prefers that", async function (this: Context) {
    const { size, mimeType } = await seen(this, [], "all", "H264");
    assert.deepEqual([size, mimeType], [[640, 480], "video/H264"]);
  });

  it("goes on in the same session when the browser restarts ICE", async function (this: Context) {
    const { restarted } = await seen(this, [], "all", "VP8", true);
    assert.deepEqual(restarted, [200, true, "connected", true]);
  });

  it("goes through a TURN server alone, with the credentials that the processor hands out", async function (this: Context) {
    await using turn = await coturn(this);
    const { size, kinds } = await seen(this, [turn.url], "relay");
    assert.deepEqual([size, kinds.includes("relay"), kinds.includes("host")], [[640, 480], true, false]);
  });
});

/** Debian's coturn on this machine's own address: Chromium sends nothing from others to loopback. Skips the test where it is missing. */
async function coturn(test: Context): Promise<AsyncDisposable & { readonly url: string }> {
  const [address] = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).filter(({ internal, family }) => !internal && family === "IPv4").map((one) => one.address),
  );
  if (address === undefined || spawnSync("turnserver", ["--version"]).error !== undefined) {
    process.stdout.write(
      "      skipped: it needs turnserver on the PATH (Debian's package coturn) and a network interface\n",
    );
    // npm cannot install coturn.
    return test.skip();
  }
  const socket = createSocket("udp4");
  const port = await new Promise<number>((resolve) => socket.bind(0, address, () => resolve(socket.address().port)));
  await new Promise<void>((resolve) => void socket.close(resolve));
  const addresses = [`--listening-ip=${address}`, `--relay-ip=${address}`, `--listening-port=${port}`];
  const secret = ["--use-auth-secret", `--static-auth-secret=${turnSecret}`, "--realm=example.com"];
  const server = spawn("turnserver", ["-n", "--no-cli", "--no-tls", "--no-dtls", ...addresses, ...secret], {
    stdio: "ignore",
  });
  while (!(await accepts(address, port))) {
    if (server.exitCode !== null) throw new Error(`turnserver ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url: `turn:${address}:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.kill("SIGKILL");
      if (server.exitCode === null) await once(server, "exit");
    },
  };
}

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
