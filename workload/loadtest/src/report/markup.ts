/** Safe HTML and SVG: a template escapes what it inserts unless it is markup itself. Pure. */

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Insert = Markup | string | number | null | false | readonly Insert[];

/** Tagged template; null and false insert nothing, lists are joined. */
export function html(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return new Markup(parts.map((part, at) => (at === 0 ? part : render(inserts[at - 1] ?? null) + part)).join(""));
}

function render(insert: Insert): string {
  if (insert === null || insert === false) return "";
  if (insert instanceof Markup) return insert.text;
  // Numbers are coordinates; a tenth of a pixel is precise enough.
  if (typeof insert === "number") return String(Number(insert.toFixed(1)));
  if (typeof insert === "string") return insert.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return insert.map(render).join("");
}
