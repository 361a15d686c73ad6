/**
 * HTTP to one API server: keep-alive connections, bounded in number, with every failure turned into an `ApiError`.
 * It knows nothing of kinds, and it never retries: whether a request may be sent again is for its caller to say.
 */
import { Pool, type Dispatcher } from "undici";
import { Deadline } from "./transport-deadline.ts";
import { ApiError, errorFromResponse, errorFromNetwork, type RequestLine } from "./errors.ts";

/** How to reach an API server and who we are. `loadConnection` makes one from a kubeconfig. */
export interface Connection {
  /** Base URL; a path in it is kept, as some hosted control planes need it. */
  readonly server: string;
  readonly tls: TlsOptions;
  /** The value of the Authorization header, asked for anew for each request so that a refreshed token is picked up. */
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
  /** From the call to the end of the answer, waiting for a free connection included. */
  readonly timeoutMs?: number | undefined;
  /** Called when the request is about to be written to its socket; what it throws is the request's outcome. */
  readonly fence?: (() => void) | undefined;
  /** Statuses beside 2xx that are an answer and not an error, e.g. 304. */
  readonly accept?: readonly number[] | undefined;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Transport {
  request(options: RequestOptions): Promise<ApiResponse>;
  /** Opens a long answer on a connection of its own. The status is 2xx; reading may throw `ApiError`. */
  stream(options: Omit<RequestOptions, "timeoutMs" | "fence" | "accept">): Promise<AsyncIterable<Buffer>>;
  /** Lets requests under way end, refuses new ones, and ends all streams. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Connections for requests; watches have their own. */
  readonly connections?: number;
  readonly timeoutMs?: number;
}

/** An error's body is only read for its message. */
const errorBodyBytes = 64 * 1024;

export function createTransport(connection: Connection, options: TransportOptions): Transport {
  const { userAgent, connections = 32, timeoutMs = 30_000 } = options;
  const url = new URL(connection.server);
  const basePath = url.pathname.replace(/\/$/, "");
  const shared = {
    // The API server closes idle connections after 90 s: closing them first keeps it from doing so under a request.
    keepAliveTimeout: 60_000,
    allowH2: false,
    connect: { ...connection.tls, timeout: 10_000 },
  };
  // The deadline of each request stands above undici's own limits, which know nothing of a longer or shorter one.
  const requests = new Pool(url.origin, { ...shared, connections, headersTimeout: 0, bodyTimeout: 0 });
  const fenced = requests.compose(fence);
  // Unbounded, since a watch that waits for a free connection would wait for ever; their number is that of the kinds.
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
        const answer = await deadline.race(send(dispatcher, { ...request, signal: deadline.signal }));
        const accepted = isSuccess(answer.statusCode) || request.accept?.includes(answer.statusCode) === true;
        if (!accepted) throw await refusal(request, answer);
        return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
      } catch (error) {
        throw outcome(request, error, request.signal);
      }
    },

    async stream(request) {
      try {
        const answer = await send(streams, request);
        if (!isSuccess(answer.statusCode)) throw await refusal(request, answer);
        return chunks(request, answer.body, request.signal);
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

/** A refusal that is not about the network, which the caller has to see as it is. */
class FenceError extends Error {
  readonly refusal: unknown;
  constructor(refusal: unknown) {
    super("the fence refused the request");
    this.refusal = refusal;
  }
}

/**
 * Asks the fence when a socket is free and the next thing is the write: a request may have waited for a token or for a
 * connection long enough for the Lease to be lost since the caller looked.
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

async function refusal(request: RequestLine, answer: Dispatcher.ResponseData): Promise<ApiError> {
  const { "retry-after": retryAfter } = answer.headers;
  return errorFromResponse(request, {
    status: answer.statusCode,
    retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    body: await bounded(answer.body, errorBodyBytes),
  });
}

async function bounded(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    // Leaving the loop closes the connection: an endless error page ends here.
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

/** What a caller is told: its own abort and its fence's refusal as they are, all else as an ApiError. */
function outcome(request: RequestLine, error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof ApiError) return error;
  if (error instanceof FenceError) return error.refusal;
  if (signal?.aborted === true) return signal.reason;
  return errorFromNetwork(request, error);
}
