// What the parts of the page share: its elements, and which source of pictures runs.

export const element = (id) => document.getElementById(id);
const shown = new Map();
let stopSource = () => undefined;

/** Stops the source that runs, and calls `stop` when the next one begins. */
export function takeOver(stop) {
  stopSource();
  stopSource = stop;
}

/** Shows a picture and releases the one that it replaces: object URLs keep their bytes. */
export async function show(id, blob) {
  const image = element(id);
  URL.revokeObjectURL(shown.get(id));
  shown.set(id, URL.createObjectURL(blob));
  image.src = shown.get(id);
  await image.decode();
  element(`${id}-size`).textContent =
    `${image.naturalWidth}×${image.naturalHeight}, ${Math.ceil(blob.size / 1024)} KiB`;
}

export function showMessage(text, wrong = false) {
  element("message").textContent = text;
  element("message").classList.toggle("wrong", wrong);
}

export function showTiming(rows) {
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

export const ms = (value) => `${value.toFixed(1)} ms`;

export const attempt = (action) => action.catch((error) => showMessage(String(error), true));

/** Asks for the camera. @throws an error that says what to do where browsers give none: they require HTTPS or localhost. */
export async function openCamera(constraints) {
  if (navigator.mediaDevices === undefined)
    throw new Error("browsers give a camera to pages of HTTPS or of localhost only");
  return navigator.mediaDevices.getUserMedia({ video: constraints });
}
