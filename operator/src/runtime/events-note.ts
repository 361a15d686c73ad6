/** Fitting the note of an event into what the API server takes. */

/** events.k8s.io/v1 rejects a longer note. Bytes, not characters. */
const noteBytes = 1024;

const cut = " … ";

/** The object's name stands at the start of our notes, the API server's own words at the end: a long one loses its middle. */
export function fitNote(note: string, bytes: number = noteBytes): string {
  if (Buffer.byteLength(note) <= bytes) return note;
  const characters = Array.from(note);
  const half = Math.floor((bytes - Buffer.byteLength(cut)) / 2);
  const head = fitting(characters, half);
  const tail = fitting(characters.toReversed(), half);
  return head.join("") + cut + tail.toReversed().join("");
}

/** As many of the characters as take no more than so many bytes. */
function fitting(characters: readonly string[], bytes: number): readonly string[] {
  let room = bytes;
  const end = characters.findIndex((character) => (room -= Buffer.byteLength(character)) < 0);
  return characters.slice(0, end);
}
