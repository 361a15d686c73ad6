/** The project's pages for people, as text: their code blocks, headings and links. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** All of them, by paths from the root. */
export const pages: readonly string[] = globSync(
  ["*.md", "docs/**/*.md", "{charts,examples,workload,images}/**/*.md"],
  { cwd: root, exclude: (name) => name.includes("node_modules") },
).toSorted();

export function readPage(page: string): string {
  return readFileSync(`${root}${page}`, "utf8");
}

export interface Fence {
  /** What follows the opening back-ticks, often nothing. */
  readonly language: string;
  readonly text: string;
  /** Of its first line within the page, from 1 on. */
  readonly line: number;
}

const fence = /^```(\w*)\n([^]*?)^```$/gm;

export function fencesOf(text: string): readonly Fence[] {
  return [...text.matchAll(fence)].map((match) => ({
    language: match[1] ?? "",
    text: match[2] ?? "",
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

/** The ids that Markdown viewers give headings; the second of a name ends in -1. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  const seen = new Map<string, number>();
  return new Set(
    headings.map((heading) => {
      const id = heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
        .replaceAll(" ", "-");
      const before = seen.get(id) ?? 0;
      seen.set(id, before + 1);
      return before === 0 ? id : `${id}-${before}`;
    }),
  );
}

/** The targets of links and pictures that are not in code. */
export function linksOf(text: string): readonly string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, (code) => "x".repeat(code.length));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

function withoutFences(text: string): string {
  return text.replaceAll(fence, "");
}
