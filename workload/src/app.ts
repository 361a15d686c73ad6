/** The HTTP application: what all routes share. It does not listen by itself. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import Fastify, { LogController, type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { AllowedMethods } from "./allowed-methods.ts";
import { clientErrorHandler } from "./client-error.ts";
import { Connections } from "./connections.ts";
import { allowOrigins } from "./cors.ts";
import { deferContinue } from "./routes/body/expect-continue.ts";
import { mediaType } from "./routes/body/media-type.ts";
import { answerProblem } from "./routes/problem.ts";
import { routes } from "./routes/index.ts";
import type { RouteContext } from "./routes/route.ts";

/** The guide's, "CDN Integration"; Cache-Control depends on the route. */
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-xss-protection": "1; mode=block",
};

/** How often Node checks for requests that arrive too slowly; its default of 30 s would turn a timeout of 10 s into 40 s. */
const timeoutCheckMs = 1000;

export async function createApp(context: RouteContext, log: Logger): Promise<FastifyInstance> {
  const { settings } = context;
  const { headersTimeoutMs, bodyPauseMs, bodyTimeoutMs } = settings.limits;
  // For bodies that no route reads; routes that do answer earlier (`collectBody`).
  const requestTimeout = Math.max(bodyTimeoutMs + bodyPauseMs, headersTimeoutMs);
  const app = Fastify({
    loggerInstance: log as never,
    // A child logger per request costs more than routing it.
    ...(settings.accessLog ? {} : { childLoggerFactory: (logger) => logger }),
    logController: new LogController({ disableRequestLogging: !settings.accessLog }),
    requestTimeout,
    keepAliveTimeout: settings.connections.keepAliveMs,
    // A request on an open connection is still answered while we close, with `Connection: close`.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    http: {
      headersTimeout: headersTimeoutMs,
      // Fastify sets it only later, and Node refuses to start with headers that may take longer than a request.
      requestTimeout,
      connectionsCheckingInterval: timeoutCheckMs,
      shouldUpgradeCallback: wantsStream,
    },
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply),
    clientErrorHandler,
  });
  app.setErrorHandler(answerProblem);
  const methods = new AllowedMethods();
  app.addHook("onRoute", (route) => methods.add(route));
  const isPreflight = (headers: IncomingHttpHeaders) =>
    settings.cors.allowedOrigins.length > 0 && headers["access-control-request-method"] !== undefined;
  app.setNotFoundHandler((request, reply) => methods.answer(request, reply));
  deferContinue(app.server);
  // Each route that takes a body reads it itself. Fastify's own parsers would read the body of an unknown path first.
  app.removeAllContentTypeParsers();
  const connections = new Connections(settings.connections);
  app.addHook("onRequest", (request, reply, done) => {
    const { headers, method } = request.raw;
    reply.headers(securityHeaders);
    // Clients then send the next request to another replica instead of into a closing connection.
    if (connections.isLast(request.raw.socket) || context.draining()) reply.header("connection", "close");
    // Fastify would refuse "Content-Type: jpeg" before the route can look at the bytes.
    if (headers["content-type"] !== undefined && mediaType(headers["content-type"]) === "")
      delete headers["content-type"];
    if (method !== "OPTIONS" || isPreflight(headers)) return done();
    methods.answer(request, reply);
  });
  await allowOrigins(app as unknown as FastifyInstance, settings.cors.allowedOrigins);
  for (const route of routes) await route(app as unknown as FastifyInstance, context);
  return app as unknown as FastifyInstance;
}

/**
 * Whether to accept an upgrade. Clients that offer HTTP/2 with each request, as Java's does, expect an ordinary response; and a
 * connection that Node hands over for an upgrade without a handler would stay open, unread and without a timeout.
 */
function wantsStream({ method, url = "", headers }: IncomingMessage): boolean {
  return method === "GET" && /^\/v1\/stream(\?|$)/.test(url) && headers.upgrade?.toLowerCase() === "websocket";
}
