/** What can go wrong between a client and the API server. */

/** Befalls a request. */
export type RequestFault =
  /** The connection is reset; the API server never hears of the request. */
  | { readonly kind: "reset" }
  /** The API server does what it was asked, and the connection is reset before the answer. */
  | { readonly kind: "lose-answer" }
  /** Nothing is answered for as long as the client waits. */
  | { readonly kind: "hang" }
  /** The API server hears of the request later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Somebody else answers: a proxy, or an API server in trouble. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** Befalls an open watch. */
export type WatchFault =
  | { readonly kind: "reset" }
  /** The server ends the watch in order. */
  | { readonly kind: "end" }
  /** The connection stays open and nothing comes any more. */
  | { readonly kind: "silence" }
  /** The next event is cut in the middle and the connection closed. */
  | { readonly kind: "half-line" }
  /** The server says in the stream that the watch's place in the history is gone. */
  | { readonly kind: "expire" };

interface StatusOptions {
  readonly retryAfterSeconds?: number;
  readonly message?: string;
}

/** The API server's own way to refuse a request. */
export function refusal(status: number, reason: string, options: StatusOptions = {}): RequestFault {
  const { retryAfterSeconds, message = reason } = options;
  const headers = {
    "content-type": "application/json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  };
  return { kind: "answer", status, headers, body: JSON.stringify(statusOf(status, reason, message)) };
}

/** A 200 without a single event: what a watch gets from a server that ends watches at once. */
export const emptyAnswer: RequestFault = {
  kind: "answer",
  status: 200,
  headers: { "content-type": "application/json" },
};

export const expiredEvent = `${JSON.stringify({
  type: "ERROR",
  object: statusOf(410, "Expired", "too old resource version"),
})}\n`;

function statusOf(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}
