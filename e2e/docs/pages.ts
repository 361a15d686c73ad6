/** The project's Markdown pages: their code blocks, headings and links. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Paths of all pages, from the root. */
export const pages: readonly string[] = globSync(
  ["*.md", "docs/**/*.md", "{charts,examples,workload,images}/**/*.md"],
  { cwd: root, exclude: (name) => name.includes("node_modules") },
).toSorted();

export function readPage(page: string): string {
  return readFileSync(`${root}${page}`, "utf8");
}

export interface Fence {
  /** The word after the opening backticks, often empty. */
  readonly language: string;
  readonly text: string;
  /** Line number of its first line in the page, from 1. */
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

/** Returns the ids that Markdown viewers give to headings; the second heading of the same name gets the suffix -1. */
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

/** Returns the targets of links and images outside of code. */
export function linksOf(text: string): readonly string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, (code) => "x".repeat(code.length));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

function withoutFences(text: string): string {
  return text.replaceAll(fence, "");
}
