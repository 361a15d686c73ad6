/**
 * A CPU profile as a picture: `node bench/processor/flame-graph.ts PROFILE > flame.svg`. What Node's `--cpu-prof` wrote of one
 * thread; widths are shares of the time in which it was not idle, between the seconds `--from` and `--to`.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  readonly place: string;
  time: number;
  readonly children: Map<string, Frame>;
}

const { values, positionals } = parseArgs({
  options: {
    from: { type: "string", default: "2" },
    to: { type: "string", default: "3600" },
    title: { type: "string", default: "" },
  },
  allowPositionals: true,
});
const profile = JSON.parse(readFileSync(positionals[0] ?? "", "utf8")) as Profile;
process.stdout.write(svg(merged(profile, Number(values.from) * 1e6, Number(values.to) * 1e6), values.title));

/** Equal frames below equal callers are one. */
function merged({ nodes, samples, timeDeltas }: Profile, from: number, to: number): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const root: Frame = { name: "", place: "", time: 0, children: new Map() };
  let at = 0;
  for (const [index, sample] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    const stack = stackOf(sample);
    if (at < from || at > to || stack.some(({ callFrame }) => callFrame.functionName === "(idle)")) continue;
    let frame = root;
    frame.time += delta;
    for (const { callFrame } of stack) {
      const { url } = callFrame;
      const place = url.startsWith("node:") ? url : url.split("/").slice(-2).join("/");
      const name = callFrame.functionName === "" ? "(anonymous)" : callFrame.functionName;
      const key = `${name} ${place}`;
      const next = frame.children.get(key) ?? { name, place, time: 0, children: new Map<string, Frame>() };
      frame.children.set(key, next);
      next.time += delta;
      frame = next;
    }
  }
  return root;

  function stackOf(id: number): ProfileNode[] {
    const stack: ProfileNode[] = [];
    for (let next: number | undefined = id; next !== undefined; next = callers.get(next)) {
      const node = byId.get(next);
      if (node !== undefined && node.callFrame.functionName !== "(root)") stack.unshift(node);
    }
    return stack;
  }
}

function svg(root: Frame, title: string): string {
  const width = 1000;
  const row = 15;
  const top = 24;
  const deepest = 24;
  // Thinner ones can't be read.
  const thinnest = 2;
  let depth = 0;
  const boxes: string[] = [];
  draw(root, 0, -1);
  const height = top + (depth + 1) * row + 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="10">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="15" font-size="12">${escaped(title)}</text>`,
    ...boxes,
    "</svg>",
    "",
  ].join("\n");

  function draw(frame: Frame, x: number, level: number): void {
    const wide = (frame.time / root.time) * width;
    if (wide < thinnest || level > deepest) return;
    depth = Math.max(depth, level);
    if (level >= 0) boxes.push(box(frame, x, top + level * row, wide));
    let left = x;
    for (const child of [...frame.children.values()].toSorted((a, b) => b.time - a.time)) {
      draw(child, left, level + 1);
      left += (child.time / root.time) * width;
    }
  }

  function box({ name, place, time }: Frame, x: number, y: number, wide: number): string {
    const share = `${((time / root.time) * 100).toFixed(1)} %`;
    const letters = Math.floor(wide / 5.6);
    const label =
      letters < 4 ? "" : `<text x="${(x + 2).toFixed(1)}" y="${y + 11}">${escaped(name.slice(0, letters))}</text>`;
    const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${row - 1}" fill="${colour(place)}"/>`;
    return `<g><title>${escaped(`${name} ${place} ${share}`)}</title>${rect}${label}</g>`;
  }
}

/** Node and native code, libraries, and the processor's own. */
function colour(place: string): string {
  if (place === "" || place.startsWith("node:")) return "#cfd8dc";
  return place.endsWith(".ts") ? "#ffb74d" : "#aed581";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
