/** Text in columns that fits a terminal. */

/** Wraps the cells of one row; lines have no trailing blanks. */
export function tableRow(cells: readonly string[], widths: readonly number[]): readonly string[] {
  const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 1));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((lines, index) => (lines[line] ?? "").padEnd(widths[index] ?? 1))
      .join("  ")
      .trimEnd(),
  );
}

/** Wraps after blanks and commas; splits a word that is longer than a line. */
export function wrap(text: string, width: number): readonly string[] {
  const lines = [""];
  for (const piece of text.split(/(?<=[ ,])(?! )/)) {
    const last = lines.at(-1) ?? "";
    if (last.length + piece.trimEnd().length <= width) {
      lines[lines.length - 1] = last + piece;
      continue;
    }
    if (last === "") lines.pop();
    for (let from = 0; from < piece.length; from += width) lines.push(piece.slice(from, from + width));
  }
  return lines.map((line) => line.trimEnd());
}
