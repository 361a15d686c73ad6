/** Faults between a client and the API server. */

/** A fault of a request. */
export type RequestFault =
  /** The connection is reset; the API server does not receive the request. */
  | { readonly kind: "reset" }
  /** The API server handles the request, and the connection is reset before the response. */
  | { readonly kind: "lose-answer" }
  /** There is no response for as long as the client waits. */
  | { readonly kind: "hang" }
  /** The API server receives the request later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The API server receives the request without these query parameters, as one that does not know them. */
  | { readonly kind: "ignore"; readonly parameters: readonly string[] }
  /** The response is a watch, and the connection is closed after this many of its events. */
  | { readonly kind: "cut"; readonly afterEvents: number }
  /** The response is this one, as of a proxy or an overloaded API server. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** A fault of an open watch. */
export type WatchFault =
  | { readonly kind: "reset" }
  /** The server ends the watch normally. */
  | { readonly kind: "end" }
  /** The connection stays open without further events. */
  | { readonly kind: "silence" }
  /** The next event is cut in the middle, and the connection is closed. */
  | { readonly kind: "half-line" }
  /** The server reports in the stream that the resourceVersion has expired. */
  | { readonly kind: "expire" };

interface StatusOptions {
  readonly retryAfterSeconds?: number;
  readonly message?: string;
}

/** An error response in the API server's format. */
export function refusal(status: number, reason: string, options: StatusOptions = {}): RequestFault {
  const { retryAfterSeconds, message = reason } = options;
  const headers = {
    "content-type": "application/json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  };
  return { kind: "answer", status, headers, body: JSON.stringify(statusOf(status, reason, message)) };
}

/** A 200 without events, as from a server that ends watches at once. */
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
