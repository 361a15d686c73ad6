/**
 * `GET /v1/stream`: a WebSocket on which each binary message is a picture and is answered by one, in order.
 * Everything else is a JSON text message; see docs/processor-api.md.
 */
import websocket from "@fastify/websocket";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { WebSocket } from "ws";
import { formatOfBytes } from "../../codec/picture-header.ts";
import { pictureFormats, type PictureFormat } from "../../core/picture.ts";
import { acceptableFormats } from "../accept.ts";
import { HttpProblem } from "../problem.ts";
import { qualityOf } from "../process.ts";
import type { RouteContext } from "../route.ts";
import { StreamSession } from "./session.ts";

const heartbeatMs = 30_000;

export async function streamRoute(app: FastifyInstance, context: RouteContext): Promise<void> {
  const { settings, onDrain, draining } = context;
  const sessions = new Sessions(context);
  onDrain(() => sessions.drain(settings.drain.timeoutMs));
  await app.register(async (scope) => {
    await scope.register(websocket, {
      // When the server closes, sessions are draining already, or end here if there was no drain, as in tests.
      preClose: async () => sessions.ended(draining()),
      errorHandler: (_error, socket) => socket.terminate(),
      options: {
        maxPayload: settings.limits.bodyBytes,
        // Pictures are already compressed.
        perMessageDeflate: false,
        autoPong: false,
      },
    });
    scope.route({
      method: "GET",
      url: "/v1/stream",
      exposeHeadRoute: false,
      preValidation: async (request) => {
        if (request.ws) sessions.admit();
        optionsOf(request);
      },
      handler: () => {
        throw new HttpProblem("upgrade-required", "this path is a WebSocket", {
          headers: { upgrade: "websocket", connection: "Upgrade" },
        });
      },
      wsHandler: (socket, request) => sessions.open(socket, request),
    });
  });
}

class Sessions {
  readonly #context: RouteContext;
  readonly #open = new Set<StreamSession>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #ended = Promise.withResolvers<void>();

  constructor(context: RouteContext) {
    this.#context = context;
    this.#heartbeat = setInterval(() => {
      for (const session of this.#open) session.heartbeat();
    }, heartbeatMs).unref();
  }

  /** Before the upgrade, so that a rejection is an HTTP response. */
  admit(): void {
    const { draining, settings } = this.#context;
    if (draining()) throw new HttpProblem("draining", "the processor is shutting down");
    const { maxSessions } = settings.stream;
    if (this.#open.size >= maxSessions) throw new HttpProblem("too-many-sessions", `${maxSessions} sessions are open`);
  }

  open(socket: WebSocket, request: FastifyRequest): void {
    const { pipeline, settings, telemetry } = this.#context;
    const { quality, format, info } = optionsOf(request);
    const session = new StreamSession(socket, {
      maxInFlight: settings.stream.maxInFlight,
      info,
      process: (picture, signal) => {
        // Without a format, that of the picture, or one that can hold the result.
        const formats =
          format === undefined ? acceptableFormats(undefined, formatOfBytes(picture) ?? "jpeg") : [format];
        return pipeline.process(picture, { quality, formats }, signal);
      },
    });
    this.#open.add(session);
    telemetry.sessionOpened();
    socket.on("close", () => {
      this.#open.delete(session);
      telemetry.sessionClosed();
      if (this.#open.size === 0) this.#ended.resolve();
    });
  }

  drain(timeoutMs: number): void {
    for (const session of this.#open) session.drain(Math.floor(timeoutMs / 1000));
    setTimeout(() => this.#finishAll(), timeoutMs).unref();
  }

  /** Settles when no session is open. */
  async ended(draining: boolean): Promise<void> {
    clearInterval(this.#heartbeat);
    if (!draining) this.#finishAll();
    if (this.#open.size > 0) await this.#ended.promise;
  }

  #finishAll(): void {
    for (const session of this.#open) session.finish();
  }
}

interface StreamOptions {
  readonly quality: number;
  /** Undefined: the format of each picture. */
  readonly format: PictureFormat | undefined;
  readonly info: boolean;
}

/** `?format=jpeg&quality=85&info=true`; browsers cannot send headers with a WebSocket. @throws {HttpProblem} 400 */
function optionsOf(request: FastifyRequest): StreamOptions {
  const { format, info = "false" } = request.query as { readonly format?: unknown; readonly info?: unknown };
  const known = pictureFormats.find((candidate) => candidate === format);
  if (format !== undefined && known === undefined) {
    throw new HttpProblem("format", `format must be one of ${pictureFormats.join(", ")}`);
  }
  if (info !== "true" && info !== "false") throw new HttpProblem("info", "info must be true or false");
  return { quality: qualityOf(request), format: known, info: info === "true" };
}
