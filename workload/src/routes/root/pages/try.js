// The page at `/` in development: a picture by POST /v1/process, the camera by GET /v1/stream.

const element = (id) => document.getElementById(id);
const shown = new Map();

/** Shows a picture and releases the one that it replaces: object URLs keep their bytes. */
async function show(id, blob) {
  const image = element(id);
  URL.revokeObjectURL(shown.get(id));
  shown.set(id, URL.createObjectURL(blob));
  image.src = shown.get(id);
  await image.decode();
  element(`${id}-size`).textContent =
    `${image.naturalWidth}×${image.naturalHeight}, ${Math.ceil(blob.size / 1024)} KiB`;
}

function showMessage(text, wrong = false) {
  element("message").textContent = text;
  element("message").classList.toggle("wrong", wrong);
}

function showTiming(rows) {
  element("timing").replaceChildren(
    ...rows.map(([name, value]) => {
      const row = document.createElement("tr");
      const [head, cell] = [document.createElement("th"), document.createElement("td")];
      head.textContent = name;
      cell.textContent = value;
      cell.className = "number";
      row.dataset.stage = name;
      row.append(head, cell);
      return row;
    }),
  );
}

const ms = (value) => `${value.toFixed(1)} ms`;

/** `queue;dur=0.01, decode;dur=1.20` as rows. */
function serverTiming(header) {
  return header.split(", ").map((entry) => {
    const [name, duration] = entry.split(";dur=");
    return [name, ms(Number(duration))];
  });
}

async function processPicture(file) {
  stopCamera();
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

const attempt = (action) => action.catch((error) => showMessage(String(error), true));

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
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
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
