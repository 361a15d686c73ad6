// The camera as live video: WebRTC, by POST /v1/exchange (docs/live.md).
import { attempt, element, ms, openCamera, showMessage, showTiming, takeOver } from "./elements.js";

const everyMs = 1000;
/** The number of frames whose latencies are kept. */
const mostLatencies = 150;
const startText = "Use the camera as live video";
let session;

// What this processor offers: "none", "open" or "token".
const offered = document.body.dataset.live;
element("live").hidden = offered === "none";
element("token-label").hidden = offered !== "token";
element("live").addEventListener("click", () => (session ? stop() : attempt(start())));

function headers() {
  const token = element("token").value;
  return { "content-type": "application/sdp", ...(token === "" ? {} : { authorization: `Bearer ${token}` }) };
}

async function start() {
  takeOver(stop);
  element("live").disabled = true;
  const started = { latencies: [] };
  session = started;
  try {
    await connect(started);
    if (session !== started) return;
    element("live").textContent = "Stop live video";
    showMessage("live");
    started.timer = setInterval(() => attempt(showFigures(started)), everyMs);
  } catch (error) {
    stop();
    showMessage(error.message, true);
  } finally {
    element("live").disabled = false;
  }
}

async function connect(started) {
  const options = await fetch("/v1/exchange", { method: "OPTIONS", headers: headers() });
  started.camera = await openCamera({ width: 640, height: 480, frameRate: 30 });
  const connection = new RTCPeerConnection({
    iceServers: iceServersOf(options.headers.get("link") ?? ""),
    iceTransportPolicy: options.headers.get("gpumedia-ice-transport-policy") ?? "all",
  });
  started.connection = connection;
  const [track] = started.camera.getVideoTracks();
  const { sender, receiver } = connection.addTransceiver(track, { direction: "sendrecv" });
  started.sender = sender;
  measureLatency(started);
  await play("video", started.camera);
  element("before").hidden = true;
  await connection.setLocalDescription();
  const response = await fetch("/v1/exchange", {
    method: "POST",
    headers: headers(),
    body: connection.localDescription.sdp,
  });
  if (response.status !== 201) throw new Error(await problemOf(response));
  started.location = response.headers.get("location");
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  // Not the connection's state, which notices the end late: the processor closes DTLS.
  sender.transport.addEventListener("statechange", () => {
    if (session !== started || !["closed", "failed"].includes(sender.transport.state)) return;
    started.location = undefined;
    stop();
    showMessage("the processor has ended the session", true);
  });
  element("after").hidden = true;
  // Resolves with the first frame: the button must not wait for it.
  void play("result", new MediaStream([receiver.track])).catch(() => undefined);
}

async function problemOf(response) {
  const { title, detail } = await response.json();
  if (response.status === 401) element("token").focus();
  return `${response.status} ${title}: ${detail}`;
}

/** Of `Link` headers (RFC 9725, section 4.6). */
function iceServersOf(links) {
  const server = /<([^>]+)>; rel="ice-server"(?:; username="(.*?)"; credential="(.*?)")?/g;
  return [...links.matchAll(server)].map(([, urls, username, credential]) => ({ urls, username, credential }));
}

async function play(id, stream) {
  const video = element(id);
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
}

/**
 * From the encoded frame here to its result on the screen. A result has the RTP timestamp of its frame; where the browser does not tell
 * that of a frame that is sent, there are no figures.
 */
function measureLatency(started) {
  const video = element("result");
  if (typeof RTCRtpScriptTransform !== "function" || video.requestVideoFrameCallback === undefined) return;
  const sentAt = new Map();
  started.worker = new Worker("/pages/sent-frames.js", { type: "module" });
  started.worker.addEventListener("message", ({ data }) => sentAt.set(data.rtpTimestamp, data.at));
  started.sender.transform = new RTCRtpScriptTransform(started.worker);
  const onFrame = (now, { rtpTimestamp }) => {
    if (session !== started) return;
    video.requestVideoFrameCallback(onFrame);
    const at = sentAt.get(rtpTimestamp);
    if (at === undefined) return;
    for (const older of sentAt.keys()) {
      sentAt.delete(older);
      if (older === rtpTimestamp) break;
    }
    started.latencies.push(performance.timeOrigin + now - at);
    if (started.latencies.length > mostLatencies) started.latencies.shift();
  };
  video.requestVideoFrameCallback(onFrame);
}

async function showFigures(started) {
  const stats = [...(await started.connection.getStats()).values()];
  if (session !== started) return;
  const sent = stats.find(({ type }) => type === "outbound-rtp");
  const back = stats.find(({ type }) => type === "inbound-rtp");
  const pair = stats.find(({ type, nominated }) => type === "candidate-pair" && nominated);
  const [sentFrames, backFrames] = [sent?.framesSent ?? 0, back?.framesDecoded ?? 0];
  const missing = Math.max(0, sentFrames - backFrames);
  const sorted = started.latencies.toSorted((a, b) => a - b);
  const percentile = (share) => ms(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  element("before-size").textContent = sizeOf("video");
  element("after-size").textContent = sizeOf("result");
  showTiming([
    ["frames sent", `${sentFrames} (${(sent?.framesPerSecond ?? 0).toFixed(0)}/s)`],
    ["frames back", `${backFrames} (${(back?.framesPerSecond ?? 0).toFixed(0)}/s)`],
    ["dropped or on the way", `${missing} (${((100 * missing) / Math.max(1, sentFrames)).toFixed(0)} %)`],
    ["latency, encoded to shown", sorted.length === 0 ? "–" : `p50 ${percentile(0.5)}, p95 ${percentile(0.95)}`],
    ["network round trip", pair?.currentRoundTripTime === undefined ? "–" : ms(pair.currentRoundTripTime * 1000)],
  ]);
}

function sizeOf(id) {
  const { videoWidth, videoHeight } = element(id);
  return videoWidth === 0 ? "" : `${videoWidth}×${videoHeight}`;
}

function stop() {
  if (session === undefined) return;
  const { camera, connection, location, timer, worker } = session;
  session = undefined;
  clearInterval(timer);
  worker?.terminate();
  camera?.getTracks().forEach((track) => track.stop());
  connection?.close();
  if (location !== undefined) attempt(fetch(location, { method: "DELETE", headers: headers() }));
  for (const [video, picture] of [
    ["video", "before"],
    ["result", "after"],
  ]) {
    element(video).srcObject = null;
    element(video).hidden = true;
    element(picture).hidden = false;
  }
  element("live").textContent = startText;
  showMessage("");
}
