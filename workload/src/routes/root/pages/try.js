// Pictures by POST /v1/process, and the camera by GET /v1/stream.
import { attempt, element, ms, openCamera, show, showMessage, showTiming, takeOver } from "./elements.js";

/** `queue;dur=0.01, decode;dur=1.20` as rows. */
function serverTiming(header) {
  return header.split(", ").map((entry) => {
    const [name, duration] = entry.split(";dur=");
    return [name, ms(Number(duration))];
  });
}

async function processPicture(file) {
  takeOver(() => undefined);
  showMessage(`processing ${file.name} …`);
  await show("before", file).catch(() => undefined);
  const startedAt = performance.now();
  const response = await fetch(`/v1/process?quality=${element("quality").value}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", accept: "image/*" },
    body: file,
  });
  if (!response.ok) {
    const { title, detail } = await response.json();
    return showMessage(`${response.status} ${title}: ${detail}`, true);
  }
  const picture = await response.blob();
  const total = performance.now() - startedAt;
  await show("after", picture);
  showTiming([...serverTiming(response.headers.get("server-timing")), ["whole request", ms(total)]]);
  return showMessage("done");
}

element("file").addEventListener("change", ({ target }) => target.files[0] && attempt(processPicture(target.files[0])));
element("quality").addEventListener("input", ({ target }) => (element("quality-value").textContent = target.value));
element("drop").addEventListener("dragover", (event) => {
  event.preventDefault();
  element("drop").classList.add("over");
});
element("drop").addEventListener("dragleave", () => element("drop").classList.remove("over"));
element("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  element("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) attempt(processPicture(file));
});

let camera;

element("camera").addEventListener("click", () => (camera ? stopCamera() : attempt(startCamera())));

function stopCamera() {
  camera?.socket.close();
  camera?.stream.getTracks().forEach((track) => track.stop());
  clearInterval(camera?.timer);
  camera = undefined;
  element("video").hidden = true;
  element("before").hidden = false;
  element("camera").textContent = "Use the camera";
}

async function startCamera() {
  const video = element("video");
  takeOver(stopCamera);
  const stream = await openCamera({ width: 320, height: 240 });
  video.srcObject = stream;
  await video.play();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: video.videoWidth,
    height: video.videoHeight,
  });
  const figures = { sent: 0, answered: 0, dropped: 0, startedAt: performance.now(), timings: {} };
  const socket = new WebSocket(
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream?info=true&quality=${element("quality").value}`,
  );
  socket.addEventListener("message", ({ data }) => onAnswer(data, figures));
  socket.addEventListener("close", ({ code, reason }) => {
    if (camera?.socket !== socket) return;
    stopCamera();
    showMessage(`session closed: ${code} ${reason}`, true);
  });
  // Sent at the rate of the camera; the processor drops and reports what exceeds its capacity.
  const timer = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(
      (blob) => blob && socket.readyState === WebSocket.OPEN && (socket.send(blob), figures.sent++),
      "image/jpeg",
      0.9,
    );
  }, 1000 / 30);
  camera = { stream, socket, timer };
  element("before").hidden = true;
  video.hidden = false;
  element("camera").textContent = "Stop the camera";
  showMessage("streaming");
}

function onAnswer(data, figures) {
  if (typeof data !== "string") {
    figures.answered++;
    attempt(show("after", new Blob([data])));
    return showCamera(figures);
  }
  const message = JSON.parse(data);
  if (message.type === "frame") figures.timings = message.timings;
  else if (message.type === "dropped") figures.dropped += message.to - message.from + 1;
  else if (message.type === "error") showMessage(`frame ${message.frame}: ${message.title}: ${message.detail}`, true);
  return undefined;
}

function showCamera({ sent, answered, dropped, startedAt, timings }) {
  const seconds = (performance.now() - startedAt) / 1000;
  showTiming([
    ...Object.entries(timings).map(([name, value]) => [name, ms(value)]),
    ["frames sent", String(sent)],
    ["frames answered", `${answered} (${(answered / seconds).toFixed(1)}/s)`],
    ["frames dropped", String(dropped)],
  ]);
}
