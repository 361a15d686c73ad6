/** Shortens the note of an event to the length that the API server accepts. */

/** The limit of events.k8s.io/v1, in bytes, not characters. */
const noteBytes = 1024;

const cut = " … ";

/** A note starts with the object's name and ends with the API server's message, so a long one loses its middle. */
export function fitNote(note: string, bytes: number = noteBytes): string {
  if (Buffer.byteLength(note) <= bytes) return note;
  const characters = Array.from(note);
  const half = Math.floor((bytes - Buffer.byteLength(cut)) / 2);
  const head = fitting(characters, half);
  const tail = fitting(characters.toReversed(), half);
  return head.join("") + cut + tail.toReversed().join("");
}

/** The longest prefix of at most `bytes` bytes. */
function fitting(characters: readonly string[], bytes: number): readonly string[] {
  let left = bytes;
  const end = characters.findIndex((character) => (left -= Buffer.byteLength(character)) < 0);
  return characters.slice(0, end);
}
