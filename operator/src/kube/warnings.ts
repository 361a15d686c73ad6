/** What the API server warns of in a response that succeeds: a deprecated API, an unknown field, a policy that only warns. */
import type { RequestLine } from "./errors.ts";

/** Receives each warning of each response. */
export type OnWarning = (text: string, request: RequestLine) => void;

/** The texts of a `Warning` header (RFC 7234, section 5.5): `299 - "text"`, several in one value or in several. */
export function warningsOf(header: string | readonly string[] | undefined): readonly string[] {
  const values = typeof header === "string" ? [header] : (header ?? []);
  return values.flatMap((value) =>
    [...value.matchAll(/\b\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replaceAll(/\\(.)/g, "$1")),
  );
}

/** Older ones are logged again: the memory of a long run stays bounded. */
const mostRemembered = 200;

/** Passes each text on once, as a resync would repeat it every time. */
export function once(report: OnWarning): OnWarning {
  const seen = new Set<string>();
  return (text, request) => {
    if (seen.has(text)) return;
    if (seen.size >= mostRemembered) seen.clear();
    seen.add(text);
    report(text, request);
  };
}
