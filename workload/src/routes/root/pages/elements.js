// What the parts of the page share: its elements, and which source of pictures runs.

export const element = (id) => document.getElementById(id);
let turns = 0;
let stopSource = () => undefined;

/** Stops the source that runs, and calls `stop` when the next one begins. */
export function takeOver(stop) {
  stopSource();
  stopSource = stop;
}

/**
 * Shows a picture once it is decoded: the one before stays until then, so that a stream never shows an empty place. Releases what it replaces,
 * as object URLs keep their bytes. Rejects if the browser cannot decode it, and shows none then.
 */
export async function show(id, blob) {
  const turn = ++turns;
  const url = URL.createObjectURL(blob);
  const next = Object.assign(new Image(), { src: url, alt: "", id });
  const failure = await next.decode().then(
    () => undefined,
    (error) => error,
  );
  const before = element(id);
  // A newer one was decoded sooner.
  if (turn < Number(before.dataset.turn ?? 0)) return URL.revokeObjectURL(url);
  if (failure !== undefined) {
    next.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
  next.dataset.turn = turn;
  next.hidden = before.hidden;
  before.replaceWith(next);
  URL.revokeObjectURL(before.src);
  element(`${id}-size`).textContent =
    failure === undefined ? `${next.naturalWidth}×${next.naturalHeight}, ${Math.ceil(blob.size / 1024)} KiB` : "";
  if (failure !== undefined) throw failure;
  return undefined;
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
