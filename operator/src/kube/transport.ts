/**
 * HTTP to one API server: a bounded number of keep-alive connections, with every failure as an `ApiError`. It has no
 * notion of kinds, and it never retries: the caller knows whether a request may be sent again.
 */
import { Pool, type Dispatcher } from "undici";
import { Deadline } from "./transport-deadline.ts";
import { ApiError, errorFromResponse, errorFromNetwork, type RequestLine } from "./errors.ts";
import { warningsOf, type OnWarning } from "./warnings.ts";

/** The address of an API server and the credentials. `loadConnection` creates one from a kubeconfig. */
export interface Connection {
  /** Base URL. Its path is kept, as some hosted control planes need it. */
  readonly server: string;
  readonly tls: TlsOptions;
  /** Returns the value of the Authorization header; called for each request, so that a refreshed token is used. */
  readonly authorization: () => Promise<string | undefined>;
}

export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface RequestOptions {
  readonly method: string;
  /** Path and query, from the API server's root. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** From the call to the end of the response, including the wait for a connection. */
  readonly timeoutMs?: number | undefined;
  /** Called when the request is about to be written to its socket. If it throws, the request rejects with that error. */
  readonly fence?: (() => void) | undefined;
  /** Statuses besides 2xx that are not an error, such as 304. */
  readonly accept?: readonly number[] | undefined;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Transport {
  request(options: RequestOptions): Promise<ApiResponse>;
  /** Opens a streaming response on a separate connection. Reading it may throw an `ApiError`. */
  stream(options: Omit<RequestOptions, "timeoutMs" | "fence" | "accept">): Promise<AsyncIterable<Buffer>>;
  /** Waits for requests in flight, refuses new ones, and closes all streams. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** The maximum number of connections for requests; watches have separate ones. */
  readonly connections?: number;
  readonly timeoutMs?: number;
  /** Of requests, not of streams. */
  readonly onWarning?: OnWarning;
}

/** How much of an error's body is read for its message. */
const errorBodyBytes = 64 * 1024;

export function createTransport(connection: Connection, options: TransportOptions): Transport {
  const { userAgent, connections = 32, timeoutMs = 30_000, onWarning } = options;
  const url = new URL(connection.server);
  const basePath = url.pathname.replace(/\/$/, "");
  const shared = {
    // The API server closes idle connections after 90 s: closing them earlier prevents that from breaking a request.
    keepAliveTimeout: 60_000,
    allowH2: false,
    connect: { ...connection.tls, timeout: 10_000 },
  };
  // Each request has its own deadline, so undici's limits are disabled.
  const requests = new Pool(url.origin, { ...shared, connections, headersTimeout: 0, bodyTimeout: 0 });
  const fenced = requests.compose(fence);
  // Unbounded, since a watch that waits for a free connection would wait forever. There is one watch per kind.
  const streams = new Pool(url.origin, { ...shared, headersTimeout: timeoutMs, bodyTimeout: 0 });

  async function send(
    dispatcher: Dispatcher,
    { method, path, headers, body, signal, fence }: RequestOptions,
  ): Promise<Dispatcher.ResponseData> {
    const authorization = await connection.authorization();
    const request: FencedRequest = {
      method,
      path: basePath + path,
      headers: {
        accept: "application/json",
        "user-agent": userAgent,
        ...(authorization === undefined ? {} : { authorization }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
      ...(fence === undefined ? {} : { fence }),
    };
    return dispatcher.request(request);
  }

  return {
    async request(request) {
      using deadline = new Deadline(request.timeoutMs ?? timeoutMs, request.signal);
      const dispatcher = request.fence === undefined ? requests : fenced;
      try {
        const response = await deadline.race(send(dispatcher, { ...request, signal: deadline.signal }));
        if (onWarning !== undefined) {
          for (const text of warningsOf(response.headers["warning"])) onWarning(text, request);
        }
        const accepted = isSuccess(response.statusCode) || request.accept?.includes(response.statusCode) === true;
        if (!accepted) throw await rejection(request, response);
        return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
      } catch (error) {
        throw outcome(request, error, request.signal);
      }
    },

    async stream(request) {
      try {
        const response = await send(streams, request);
        if (!isSuccess(response.statusCode)) throw await rejection(request, response);
        return chunks(request, response.body, request.signal);
      } catch (error) {
        throw outcome(request, error, request.signal);
      }
    },

    async close() {
      await Promise.all([requests.close(), streams.destroy()]);
    },
  };
}

interface FencedRequest extends Dispatcher.RequestOptions {
  readonly fence?: () => void;
}

/** Carries the error of a fence through undici, so that the caller receives it unchanged. */
class FenceError extends Error {
  readonly refusal: unknown;
  constructor(refusal: unknown) {
    super("the fence refused the request");
    this.refusal = refusal;
  }
}

/**
 * Calls the fence right before the request is written to a socket: it may have waited for a token or a connection so long
 * that the Lease has been lost since the caller checked.
 */
function fence(dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch {
  return (options: Dispatcher.DispatchOptions & { readonly fence?: () => void }, handler) => {
    const guarded: Dispatcher.DispatchHandler = {
      onRequestStart(controller, context) {
        handler.onRequestStart?.(controller, context);
        try {
          options.fence?.();
        } catch (refusal) {
          controller.abort(new FenceError(refusal));
        }
      },
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    };
    return dispatch(options, guarded);
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

async function rejection(request: RequestLine, response: Dispatcher.ResponseData): Promise<ApiError> {
  const { "retry-after": retryAfter } = response.headers;
  return errorFromResponse(request, {
    status: response.statusCode,
    retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    body: await bounded(response.body, errorBodyBytes),
  });
}

async function bounded(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    // Leaving the loop closes the connection, which ends an endless error page.
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(parts).toString("utf8", 0, maxBytes);
}

async function* chunks(
  request: RequestLine,
  body: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw outcome(request, error, signal);
  }
}

/** Converts an error for the caller: its own abort reason and its fence's error unchanged, others as an ApiError. */
function outcome(request: RequestLine, error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof ApiError) return error;
  if (error instanceof FenceError) return error.refusal;
  if (signal?.aborted === true) return signal.reason;
  return errorFromNetwork(request, error);
}
