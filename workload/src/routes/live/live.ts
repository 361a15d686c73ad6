/**
 * Signalling of live video: WHIP (RFC 9725) to publish, WHEP (draft-ietf-wish-whep) to watch, and `exchange` for both ways in one
 * session. See docs/live.md.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { iceServerLinks } from "../../live/ice-servers.ts";
import { Live } from "../../live/live.ts";
import { LiveError } from "../../live/live-error.ts";
import type { SessionKind } from "../../live/offer.ts";
import { collectBody } from "../body/collect-body.ts";
import { mediaType } from "../body/media-type.ts";
import { HttpProblem } from "../problem.ts";
import { bodyLimits, type RouteContext } from "../route.ts";

const offerType = "application/sdp";
const fragmentType = "application/trickle-ice-sdpfrag";

const offerBytes = 65_536;

export async function liveRoutes(app: FastifyInstance, context: RouteContext): Promise<void> {
  const { settings, pipeline, telemetry, onDrain } = context;
  if (!settings.live.enabled) return;
  const live = await Live.start({ settings: settings.live, pipeline, telemetry: telemetry.live, log: app.log });
  onDrain(() => live.drain(settings.drain.timeoutMs));
  app.addHook("preClose", async () => live.ended());
  app.addHook("onClose", async () => live.stop());
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
      const onRequest = async (): Promise<void> => live.checkAdmission();
      scope.post(path, { config: { options }, onRequest }, async (request, reply) => {
        const { stream } = request.params as { readonly stream?: string };
        const { id, etag, answer } = await live.open({
          kind,
          stream: stream === undefined ? null : streamName(stream),
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

    const path = "/v1/live/:id";
    const idOf = ({ params }: FastifyRequest): string => (params as { readonly id: string }).id;
    scope.patch(path, async (request, reply) => {
      const restarted = await live.trickle(idOf(request), request.headers["if-match"], textOf(request));
      if (restarted === undefined) return reply.code(204).send();
      const { etag, fragment } = restarted;
      return reply.code(200).headers({ etag, "content-type": fragmentType }).send(Buffer.from(fragment));
    });
    scope.delete(path, async (request, reply) => {
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

function streamName(name: string): string {
  if (/^[\w.~-]{1,64}$/.test(name)) return name;
  throw new HttpProblem("bad-request", "the name of a stream has 1 to 64 letters, digits, and characters of .-_~");
}

function textOf({ body }: FastifyRequest): string {
  return body === undefined || body === null ? "" : Buffer.from(body as Uint8Array).toString("utf8");
}
