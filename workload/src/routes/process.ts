/** `POST /v1/process`: a picture in, the model's picture out. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { discard } from "../core/buffers.ts";
import { formatOfBytes } from "../codec/picture-header.ts";
import type { Processed } from "../pipeline/pipeline.ts";
import { formats, mediaTypeNames, type PictureFormat } from "../core/picture.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { HttpProblem } from "./problem.ts";
import { acceptableFormats } from "./accept.ts";
import { collectBody } from "./body/collect-body.ts";
import { formFile } from "./body/form-file.ts";
import { acceptPost, bodyKind, howToSend, mediaType } from "./body/media-type.ts";
import { bodyLimits, clientGone, refuseBeforeBody, type Route } from "./route.ts";

/** Artefacts are hard to see, and a photograph takes a tenth of its size as PNG. */
const defaultQuality = 85;

export const processPicture: Route = async (app, { pipeline, settings, telemetry }) => {
  await app.register(async (scope) => {
    const limits = bodyLimits(settings);
    scope.addContentTypeParser("*", ({ headers }, payload, done) => {
      if (bodyKind(headers["content-type"]) === "other") return done(wrongType(headers["content-type"]));
      collectBody(payload, limits, done);
    });
    scope.post("/v1/process", {
      config: { options: () => ({ "accept-post": acceptPost }) },
      onRequest: refuseBeforeBody({ pipeline }),
      // An invalid request never reaches the pipeline, which counts all others.
      errorHandler: (error, _request, _reply) => {
        if (!(error instanceof PipelineError)) telemetry.count("invalid");
        throw error;
      },
      handler: async (request, reply) => {
        const picture = await pictureOf(request);
        const quality = qualityOf(request);
        const options = { formats: formatsOf(request, picture), quality };
        const result = await pipeline.process(picture, options, clientGone(reply));
        return answerPicture(reply.header("cache-control", "no-store"), result);
      },
    });
  });
};

async function pictureOf({ headers, body }: FastifyRequest): Promise<Uint8Array<ArrayBuffer>> {
  const type = headers["content-type"];
  const sent = body as Uint8Array<ArrayBuffer> | undefined;
  const isForm = sent !== undefined && bodyKind(type) === "form";
  const picture = isForm ? await formFile(sent, type ?? "") : sent;
  if (picture === undefined || picture.byteLength === 0) {
    const found = isForm ? "the form has no file" : "the body is empty";
    throw new HttpProblem("body-missing", `${found}: ${howToSend}`);
  }
  return picture;
}

function wrongType(contentType: string | undefined): HttpProblem {
  return new HttpProblem(
    "media-type",
    `${mediaType(contentType).slice(0, 100)} is not a type of pictures: ${howToSend}`,
  );
}

/** Sends a processed picture; Cache-Control is the caller's. */
export function answerPicture(
  reply: FastifyReply,
  { body, format, timings, frames, warnings }: Processed,
): FastifyReply {
  const { queue, decode, inference, encode } = timings;
  reply.raw.once("finish", () => discard(body));
  return reply
    .headers({
      "content-type": formats[format].mediaType,
      "server-timing": [
        `queue;dur=${ms(queue)}, decode;dur=${ms(decode)}, inference;dur=${ms(inference)}, encode;dur=${ms(encode)}`,
        ...warnings.map(({ kind }) => `decode-warning;desc="${kind}"`),
      ].join(", "),
      vary: variesBy(reply, "accept"),
      ...(frames === null ? {} : { "gpumedia-frames": `1/${frames}` }),
    })
    .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}

/** With CORS, responses vary by origin as well. */
export function variesBy(reply: FastifyReply, header: string): string {
  const others = reply.getHeader("vary");
  return others === undefined || others === header ? header : `${String(others)}, ${header}`;
}

/** The formats that the client accepts, best first; by default that of its picture is. @throws {HttpProblem} 406 */
export function formatsOf(request: FastifyRequest, picture: Uint8Array): readonly PictureFormat[] {
  const acceptable = acceptableFormats(request.headers.accept, formatOfBytes(picture) ?? "jpeg");
  if (acceptable.length === 0) throw new HttpProblem("not-acceptable", `responses are ${mediaTypeNames}`);
  return acceptable;
}

/** `?quality=`, 1 to 100. @throws {HttpProblem} 400 */
export function qualityOf(request: FastifyRequest): number {
  const { quality } = request.query as { quality?: unknown };
  if (quality === undefined) return defaultQuality;
  const value = typeof quality === "string" && /^[0-9]{1,3}$/.test(quality) ? Number(quality) : 0;
  if (value < 1 || value > 100) throw new HttpProblem("quality", "quality must be an integer from 1 to 100");
  return value;
}

function ms(value: number): string {
  return value.toFixed(2);
}
