/** The HTTP application: what all routes have in common. Listens nowhere by itself. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import Fastify, { LogController, type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { collectBody } from "./body.ts";
import { answerProblem, HttpProblem } from "./problem.ts";
import { routes } from "./routes/index.ts";
import type { RouteContext } from "./routes/route.ts";

/** The guide's, "CDN Integration"; Cache-Control depends on the route. */
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-xss-protection": "1; mode=block",
};

/** Media types whose body is taken as it is; what is in it is for the pipeline to find out. */
const binaryTypes = [/^image\/[\w.+-]+/, "application/octet-stream"];

/** How often Node looks for requests that take too long to arrive; with its 30 s a timeout of 10 s would be 40. */
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
    // Whoever still has a connection when we close gets an answer and `Connection: close`.
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
  app.setNotFoundHandler((request, reply) =>
    answerProblem(
      new HttpProblem(404, "not-found", `there is no ${request.method} ${pathOf(request.url)}`),
      request,
      reply,
    ),
  );
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(securityHeaders);
    // So that clients go elsewhere with the next request instead of into a connection that is about to close.
    if (context.draining()) reply.header("connection", "close");
    done();
  });
  for (const type of binaryTypes) {
    app.addContentTypeParser(type, (_request, payload, done) => collectBody(payload, bodyBytes, done));
  }
  for (const route of routes) await route(app as unknown as FastifyInstance, context);
  return app as unknown as FastifyInstance;
}

/** Longer than load balancers keep idle connections (60 s), so that none sends a request into a closing connection. */
const keepAliveMs = 65_000;

/** What is no HTTP gets a status that says so, and the connection ends: nothing after it can be understood. */
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
 * Only there an offer to upgrade is taken. Clients that offer HTTP/2 on the way, as Java's do, mean an ordinary request; and
 * a connection that Node gives away for an upgrade that nobody makes would stay open, unread, without any timeout.
 */
function wantsStream({ method, url = "", headers }: IncomingMessage): boolean {
  return method === "GET" && /^\/v1\/stream(\?|$)/.test(url) && headers.upgrade?.toLowerCase() === "websocket";
}

function pathOf(url: string): string {
  return url.split("?", 1)[0]?.slice(0, 200) ?? "";
}
