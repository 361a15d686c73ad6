/** Offers as broken or hostile clients send them. */

/** Deletes, repeats or changes a part. `random`: from 0 to 1. */
export function mutatedOffer(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const length = Math.floor(random() ** 3 * 200);
  const part = text.slice(at, at + length);
  const changes = [
    () => text.slice(0, at) + text.slice(at + length),
    () => text.slice(0, at) + part.repeat(1 + Math.floor(random() * 5)) + text.slice(at),
    () => text.slice(0, at) + String.fromCodePoint(Math.floor(random() * 300)) + text.slice(at + 1),
    () => text.replace(/\d+/g, (digits) => (random() < 0.1 ? String(Math.floor(random() * 1e6)) : digits)),
    () =>
      text
        .split("\r\n")
        .toSorted(() => random() - 0.5)
        .join("\r\n"),
  ];
  return (changes[Math.floor(random() * changes.length)] ?? changes[0])?.() ?? text;
}
