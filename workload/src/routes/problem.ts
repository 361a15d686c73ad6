/** Errors as `application/problem+json` (RFC 9457): from what was thrown to what is answered. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { LiveError } from "../live/live-error.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { problems, type ProblemCode } from "../core/problems.ts";
import { awaitsContinue } from "./body/expect-continue.ts";
import { acceptPost, howToSend } from "./body/media-type.ts";
import { answerBeforeBody, hasUnreadBody } from "./body/read-on.ts";

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

export interface HttpProblemOptions extends ErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown for a request that never reaches the pipeline. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, { headers = {}, ...options }: HttpProblemOptions = {}) {
    super(detail, options);
    this.name = "HttpProblem";
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return problems[this.code].status;
  }
}

interface Answer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

function answer(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const { status, title } = problems[code];
  const retry: Record<string, string> = status === 503 ? { "retry-after": "1" } : {};
  const list: Record<string, string> = namesFormats.has(code) ? { "accept-post": acceptPost } : {};
  return {
    problem: { type: `urn:gpumedia:problem:${code}`, title, status, detail },
    headers: { ...retry, ...list, ...headers },
  };
}

/** A 415 that lists the formats. */
const namesFormats: ReadonlySet<ProblemCode> = new Set(["media-type", "unsupported-format"]);

/** What Fastify itself refuses; every other status below 500 is a malformed request. */
const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  404: "not-found",
  413: "body-too-large",
  414: "url-too-long",
  415: "media-type",
};

/** The answer to anything that was thrown while a request was handled. */
export function problemOf(error: unknown): Answer {
  if (error instanceof PipelineError) {
    const { kind, message, retryAfter } = error;
    return answer(kind, message, retryAfter === undefined ? {} : { "retry-after": String(retryAfter) });
  }
  if (error instanceof HttpProblem || error instanceof LiveError)
    return answer(error.code, error.message, error.headers);
  const { statusCode = 500, message = "" } = error as Partial<FastifyError>;
  if (statusCode >= 400 && statusCode < 500) {
    const code = codeOfStatus[statusCode] ?? "bad-request";
    return answer(code, code === "media-type" ? howToSend : message);
  }
  // The client cannot act on an internal error, and its message may name files.
  return answer("internal", "see the processor's log");
}

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem, headers } = problemOf(error);
  if (problem.status === 500) request.log.error({ error }, "request failed");
  const [type, body] = bodyOf(problem, request.url);
  reply
    .code(problem.status)
    .headers({ ...headers, "cache-control": "no-store" })
    .type(type);
  // As bytes: Fastify adds a charset to the type of an object, and application/problem+json has none.
  const bytes = Buffer.from(JSON.stringify(body));
  // The client may send the body nevertheless, or the next request: only a new connection is unambiguous.
  if (awaitsContinue(request.raw)) reply.header("connection", "close");
  if (!hasUnreadBody(request.raw)) return reply.send(bytes);
  return reply.header("content-length", bytes.length).send(answerBeforeBody(bytes, request.raw));
}

/** Below `/v2` in the shape of the Open Inference Protocol, whose clients read nothing else. */
function bodyOf(problem: Problem, url: string): readonly [type: string, body: object] {
  if (/^\/v2([/?]|$)/.test(url)) return ["application/json", { error: problem.detail }];
  return ["application/problem+json", problem];
}
