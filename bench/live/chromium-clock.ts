/** A page program: sends a canvas on which the time is drawn in 16 squares, and reads it from the video that comes back. */
export interface ClockFigures {
  readonly latencies: readonly number[];
}

export function clockProgram(
  size: { readonly width: number; readonly height: number },
  framesPerSecond: number,
  seconds: number,
): string {
  return `(async () => {
  const [width, height, squares] = [${size.width}, ${size.height}, 16];
  const side = width / squares;
  const source = Object.assign(document.createElement("canvas"), { width, height });
  const drawing = source.getContext("2d");
  let count = 0;
  const draw = () => {
    drawing.fillStyle = "hsl(" + (count++ % 360) + " 40% 50%)";
    drawing.fillRect(0, 0, width, height);
    const now = Math.floor(performance.now()) & 0xffff;
    for (let bit = 0; bit < squares; bit++) {
      drawing.fillStyle = (now >> bit) & 1 ? "white" : "black";
      drawing.fillRect(bit * side, 0, side, side);
    }
  };
  draw();
  const [track] = source.captureStream(0).getVideoTracks();
  setInterval(() => { draw(); track.requestFrame(); }, 1000 / ${framesPerSecond});
  const connection = new RTCPeerConnection();
  const { receiver } = connection.addTransceiver(track, { direction: "sendrecv" });
  await connection.setLocalDescription();
  const headers = { "content-type": "application/sdp" };
  const response = await fetch("/v1/exchange", { method: "POST", headers, body: connection.localDescription.sdp });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(answer);
  await connection.setRemoteDescription({ type: "answer", sdp: answer });
  const video = Object.assign(document.createElement("video"), { muted: true });
  video.srcObject = new MediaStream([receiver.track]);
  await video.play();
  const copy = document.createElement("canvas");
  const reading = copy.getContext("2d", { willReadFrequently: true });
  const timeIn = () => {
    copy.width = video.videoWidth;
    copy.height = Math.ceil(video.videoWidth / squares);
    reading.drawImage(video, 0, 0, copy.width, copy.height, 0, 0, copy.width, copy.height);
    let time = 0;
    for (let bit = 0; bit < squares; bit++) {
      const [, green] = reading.getImageData(Math.floor((bit + 0.5) * copy.height), copy.height >> 1, 1, 1).data;
      if (green > 127) time |= 1 << bit;
    }
    return time;
  };
  const next = () => new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  const from = performance.now() + 3000;
  const latencies = [];
  while (performance.now() < from + ${seconds * 1000}) {
    await next();
    const now = Math.floor(performance.now());
    const time = timeIn();
    if (now > from) latencies.push((now - time) & 0xffff);
  }
  connection.close();
  await fetch(response.headers.get("location"), { method: "DELETE" });
  return { latencies };
})()`;
}
