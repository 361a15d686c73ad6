/** The HTTP application: what all routes share. It does not listen by itself. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { collectBody } from "./body.ts";
import { answerProblem, HttpProblem } from "./routes/problem.ts";
import { routes } from "./routes/index.ts";
import type { RouteContext } from "./routes/route.ts";

/** The guide's, "CDN Integration"; Cache-Control depends on the route. */
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-xss-protection": "1; mode=block",
};

/** Media types whose body is passed on unparsed; the pipeline detects the format. */
const binaryTypes = [/^image\/[\w.+-]+/, "application/octet-stream"];

/** How often Node checks for requests that arrive too slowly; its default of 30 s would turn a timeout of 10 s into 40 s. */
const timeoutCheckMs = 1000;

export async function createApp(context: RouteContext, log: Logger): Promise<FastifyInstance> {
  const { settings } = context;
  const { bodyBytes, headersTimeoutMs, bodyTimeoutMs } = settings.limits;
  const app = Fastify({
    loggerInstance: log as never,
    // A child logger per request costs more than routing it.
    ...(settings.accessLog ? {} : { childLoggerFactory: (logger) => logger }),
    logController: new LogController({ disableRequestLogging: !settings.accessLog }),
    bodyLimit: bodyBytes,
    requestTimeout: bodyTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    // A request on an open connection is still answered while we close, with `Connection: close`.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    http: {
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
      shouldUpgradeCallback: wantsStream,
    },
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply),
    clientErrorHandler,
  });
  app.setErrorHandler(answerProblem);
  const methods = new AllowedMethods();
  app.addHook("onRoute", ({ method, url }) => methods.add(url, [method].flat()));
  app.setNotFoundHandler((request, reply) => answerProblem(notFound(request, methods), request, reply));
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(securityHeaders);
    // Clients then send the next request to another replica instead of into a closing connection.
    if (context.draining()) reply.header("connection", "close");
    done();
  });
  for (const type of binaryTypes) {
    app.addContentTypeParser(type, (_request, payload, done) => collectBody(payload, bodyBytes, done));
  }
  for (const route of routes) await route(app as unknown as FastifyInstance, context);
  return app as unknown as FastifyInstance;
}

/** Longer than load balancers keep idle connections (60 s): none may send a request into a closing connection. */
const keepAliveMs = 65_000;

/** Answers what is not HTTP with a status and closes the connection, because nothing after it can be parsed. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = clientErrorStatus[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

const clientErrorStatus: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/**
 * Whether to accept an upgrade. Clients that offer HTTP/2 with each request, as Java's does, expect an ordinary response; and a
 * connection that Node hands over for an upgrade without a handler would stay open, unread and without a timeout.
 */
function wantsStream({ method, url = "", headers }: IncomingMessage): boolean {
  return method === "GET" && /^\/v1\/stream(\?|$)/.test(url) && headers.upgrade?.toLowerCase() === "websocket";
}

/** The methods of each path, for the `Allow` header of a 405. */
class AllowedMethods {
  readonly #routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  add(url: string, methods: readonly string[]): void {
    this.#routes.push({ pattern: new RegExp(`^${url.replaceAll(/:\w+/g, "[^/]+").replaceAll(".", "\\.")}$`), methods });
  }

  of(path: string): readonly string[] {
    return [...new Set(this.#routes.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : [])))];
  }
}

function notFound({ method, url }: FastifyRequest, methods: AllowedMethods): HttpProblem {
  const path = url.split("?", 1)[0]?.slice(0, 200) ?? "";
  const allowed = methods.of(path).join(", ");
  if (allowed === "") return new HttpProblem("not-found", `no such path: ${path}`);
  return new HttpProblem("method-not-allowed", `${path} supports ${allowed}, not ${method}`, {
    headers: { allow: allowed },
  });
}
