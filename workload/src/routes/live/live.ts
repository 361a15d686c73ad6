/**
 * Signalling of live video: WHIP (RFC 9725) to publish, WHEP (draft-ietf-wish-whep) to watch, and `exchange` for both ways in one
 * session. See docs/live.md.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { iceServerLinks } from "../../live/ice-servers.ts";
import { Live } from "../../live/live.ts";
import { LiveError, streamExists } from "../../live/live-error.ts";
import type { SessionKind } from "../../live/offer.ts";
import { collectBody } from "../body/collect-body.ts";
import { mediaType } from "../body/media-type.ts";
import { HttpProblem } from "../problem.ts";
import { bodyLimits, type RouteContext } from "../route.ts";
import { PeerRequests } from "./peer-requests.ts";

const offerType = "application/sdp";
const fragmentType = "application/trickle-ice-sdpfrag";

const offerBytes = 65_536;

export async function liveRoutes(app: FastifyInstance, context: RouteContext): Promise<void> {
  const { settings, pipeline, telemetry, onDrain, peers } = context;
  if (!settings.live.enabled) return;
  const live = await Live.start({ settings: settings.live, pipeline, telemetry: telemetry.live, log: app.log, peers });
  const others = peers && new PeerRequests(peers);
  onDrain(() => live.drain(settings.drain.timeoutMs));
  app.addHook("preClose", async () => live.ended());
  app.addHook("onClose", async () => {
    await Promise.all([live.stop(), others?.close()]);
  });
  const limits = { ...bodyLimits(settings), bytes: offerBytes };
  const hasToken = tokenCheck(settings.live.token);
  /** Which ICE servers clients should use, and how. */
  const iceHeaders = (): Readonly<Record<string, string>> => {
    const links = iceServerLinks(settings.live, Date.now() / 1000);
    return {
      ...(links.length === 0 ? {} : { link: links.join(", ") }),
      "gpumedia-ice-transport-policy": settings.live.iceTransportPolicy,
    };
  };

  await app.register(async (scope) => {
    scope.addContentTypeParser([offerType, fragmentType], (_request, payload, done) => {
      collectBody(payload, limits, done);
    });
    scope.addHook("onRequest", async (request) => {
      requireToken(hasToken(request));
      const expected = expectedTypes[request.method];
      if (expected === undefined || mediaType(request.headers["content-type"]) === expected) return;
      const header = request.method === "POST" ? "accept-post" : "accept-patch";
      throw new LiveError("sdp-type", `send ${expected}`, { [header]: expected });
    });

    const offers = (path: string, kind: SessionKind): void => {
      // A browser uses no ICE server that it learns of after its offer (Chromium 156).
      const options = (request: FastifyRequest): Readonly<Record<string, string>> => ({
        "accept-post": offerType,
        ...(hasToken(request) === "right" ? iceHeaders() : {}),
      });
      // A stream may be published by another pod, which has its own limits.
      const mayBeElsewhere = (stream: string | null): stream is string =>
        others !== undefined && kind === "view" && stream !== null && !live.publishes(stream);
      const onRequest = async (request: FastifyRequest): Promise<void> => {
        if (!mayBeElsewhere(streamOf(request))) live.checkAdmission();
      };
      scope.post(path, { config: { options }, onRequest }, async (request, reply) => {
        const stream = streamOf(request);
        if (stream !== null && !live.publishes(stream)) {
          const publisher = await others?.publisherOf(request, stream);
          if (publisher !== undefined && kind === "publish") throw streamExists(stream);
          if (publisher !== undefined) return others?.forward(publisher, request, reply, `/v1/whep/${stream}`);
        }
        const { id, etag, answer } = await live.open({
          kind,
          stream,
          sdp: textOf(request),
          addresses: addressesOf(request.socket.localAddress ?? ""),
        });
        return reply
          .code(201)
          .headers({ location: `/v1/live/${id}`, etag, "accept-patch": fragmentType, "cache-control": "no-store" })
          .headers(iceHeaders())
          .header("content-type", offerType)
          .send(Buffer.from(answer));
      });
    };
    offers("/v1/whip/:stream", "publish");
    offers("/v1/whep/:stream", "view");
    offers("/v1/exchange", "exchange");

    scope.get("/v1/live/streams/:stream", async (request, reply) => {
      const stream = streamOf(request) ?? "";
      if (!live.publishes(stream) && (await others?.publisherOf(request, stream)) === undefined) {
        throw new LiveError("no-such-stream", `nothing is published as stream ${stream}`);
      }
      return reply.code(204).header("cache-control", "no-store").send();
    });

    const path = "/v1/live/:id";
    const idOf = ({ params }: FastifyRequest): string => (params as { readonly id: string }).id;
    /** Whether another pod owns the session, which answers then. */
    const isAnswered = async (request: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
      const owner = await others?.ownerOf(request, idOf(request));
      if (owner === undefined) return false;
      await others?.forward(owner, request, reply, `/v1/live/${encodeURIComponent(idOf(request))}`);
      return true;
    };
    scope.patch(path, async (request, reply) => {
      if (await isAnswered(request, reply)) return reply;
      const restarted = await live.trickle(idOf(request), request.headers["if-match"], textOf(request));
      if (restarted === undefined) return reply.code(204).send();
      const { etag, fragment } = restarted;
      return reply.code(200).headers({ etag, "content-type": fragmentType }).send(Buffer.from(fragment));
    });
    scope.delete(path, async (request, reply) => {
      if (await isAnswered(request, reply)) return reply;
      live.close(idOf(request));
      return reply.code(204).send();
    });
  });
}

const expectedTypes: Readonly<Record<string, string>> = { POST: offerType, PATCH: fragmentType };

/**
 * Where media may reach this machine if an offer arrived at `local`. A browser on this machine does not send from loopback, so that an answer
 * to it would come from another address than it asked.
 */
function addressesOf(local: string): readonly string[] {
  const address = local.replace(/^::ffff:/, "");
  if (address !== "127.0.0.1" && address !== "::1") return [address];
  const others = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return [
    ...others.filter(({ internal, family }) => !internal && family === "IPv4").map((other) => other.address),
    address,
  ];
}

type Token = "right" | "wrong" | "missing";

/** Returns what compares a request's token; without one configured, every request has the right one. */
function tokenCheck(token: string): (request: FastifyRequest) => Token {
  if (token === "") return () => "right";
  // Of one length, so that the time of the comparison tells nothing.
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  const expected = digest(token);
  return ({ headers }) => {
    const given = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (given === undefined) return "missing";
    return timingSafeEqual(digest(given), expected) ? "right" : "wrong";
  };
}

function requireToken(token: Token): void {
  if (token === "right") return;
  const problem = token === "missing" ? "send Authorization: Bearer with the token" : "the token is wrong";
  throw new LiveError("token", problem, { "www-authenticate": "Bearer" });
}

/** Null where the path has none. */
function streamOf({ params }: FastifyRequest): string | null {
  const { stream } = params as { readonly stream?: string };
  if (stream === undefined || /^[\w.~-]{1,64}$/.test(stream)) return stream ?? null;
  throw new HttpProblem("bad-request", "the name of a stream has 1 to 64 letters, digits, and characters of .-_~");
}

function textOf({ body }: FastifyRequest): string {
  return body === undefined || body === null ? "" : Buffer.from(body as Uint8Array).toString("utf8");
}
