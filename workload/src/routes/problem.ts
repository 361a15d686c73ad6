/** Errors as `application/problem+json` (RFC 9457): from what was thrown to what is answered. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { PipelineError } from "../work/pipeline-error.ts";
import { problems, type ProblemCode } from "../work/problems.ts";

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
  return {
    problem: { type: `urn:gpumedia:problem:${code}`, title, status, detail },
    headers: { ...retry, ...headers },
  };
}

/** What Fastify itself refuses; every other status below 500 is a malformed request. */
const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  404: "not-found",
  413: "body-too-large",
  414: "url-too-long",
  415: "media-type",
};

const sendPicture =
  "send the picture itself as the body, with content-type image/jpeg, image/png or image/webp (curl: -H 'content-type: image/jpeg')";

/** The answer to anything that was thrown while a request was handled. */
export function problemOf(error: unknown): Answer {
  if (error instanceof PipelineError) {
    const { kind, message, retryAfter } = error;
    return answer(kind, message, retryAfter === undefined ? {} : { "retry-after": String(retryAfter) });
  }
  if (error instanceof HttpProblem) return answer(error.code, error.message, error.headers);
  const { statusCode = 500, message = "" } = error as Partial<FastifyError>;
  if (statusCode >= 400 && statusCode < 500) {
    const code = codeOfStatus[statusCode] ?? "bad-request";
    return answer(code, code === "media-type" ? sendPicture : message);
  }
  // The client cannot act on an internal error, and its message may name files.
  return answer("internal", "see the processor's log");
}

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem: body, headers } = problemOf(error);
  if (body.status === 500) request.log.error({ error }, "request failed");
  return (
    reply
      .code(body.status)
      .headers({ ...headers, "cache-control": "no-store" })
      .type("application/problem+json")
      // As bytes: Fastify adds a charset to the type of an object, and application/problem+json has none.
      .send(Buffer.from(JSON.stringify(body)))
  );
}
