/** The requests by which a cache lists and watches a kind, which depend on whether the API server streams lists. */
import { isSince } from "../cluster/kubernetes-version.ts";
import { matches, type RequestMatch } from "../faults/request.ts";

/** API servers do so by default since this version; 1.32 does too, and 1.33 does not. */
export const streamsByDefault = isSince("1.34");

/** Lists in pages. */
export const pages: RequestMatch = { verb: "list" };
/** A watch that begins with a list. */
export const streams: RequestMatch = ({ verb, url }) => verb === "watch" && url.includes("sendInitialEvents=true");
export const lists: RequestMatch = (request) => matches(request, pages) || matches(request, streams);
/** A watch that resumes, or follows a list in pages. */
export const watches: RequestMatch = (request) => request.verb === "watch" && !matches(request, streams);

/** Of one kind. */
export interface Requests {
  readonly lists: number;
  readonly watches: number;
}

/**
 * Returns what an API server that streams no lists receives in place of these requests: each stream, which it refuses, a list in
 * one page and a watch.
 */
export function requestsInPages({ lists: streamed, watches: resumed }: Requests): Requests {
  return { lists: 2 * streamed, watches: resumed + streamed };
}
