/** Errors as `application/problem+json` (RFC 9457). One table from what was thrown to what is answered. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { createRequire } from "node:module";
import type * as Http from "node:http";
import { PipelineError } from "./work/pipeline-error.ts";

// An import of node:http evaluates all its exports, Node's own WebSocket and undici with them: 17 MiB instead of 3.
const { STATUS_CODES } = createRequire(import.meta.url)("node:http") as typeof Http;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** What a route throws to answer a problem of its own; `kind` becomes the last part of the problem's type. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, kind: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = "HttpProblem";
    this.status = status;
    this.kind = kind;
    this.headers = headers;
  }
}

const problemType = "application/problem+json";

function problem(status: number, kind: string, title: string, detail: string): Problem {
  return { type: `urn:gpumedia:problem:${kind}`, title, status, detail };
}

/** The answer to anything that was thrown while a request was handled. */
export function problemOf(error: unknown): { readonly problem: Problem; readonly headers: Record<string, string> } {
  if (error instanceof PipelineError) {
    const headers: Record<string, string> =
      error.status === 503 ? { "retry-after": String(error.retryAfter ?? 1) } : {};
    return { problem: problem(error.status, error.kind, error.title, error.message), headers };
  }
  if (error instanceof HttpProblem) {
    const title = STATUS_CODES[error.status] ?? "Error";
    return { problem: problem(error.status, error.kind, title, error.message), headers: { ...error.headers } };
  }
  const { statusCode, code, message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const kind = (code ?? "bad-request")
      .replace(/^FST_ERR_/, "")
      .replaceAll("_", "-")
      .toLowerCase();
    return { problem: problem(statusCode, kind, STATUS_CODES[statusCode] ?? "Error", message ?? ""), headers: {} };
  }
  // What went wrong inside is for the log: a client can do nothing with it, and it may name files.
  return { problem: problem(500, "internal", "Internal Server Error", "see the processor's log"), headers: {} };
}

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem: body, headers } = problemOf(error);
  if (body.status === 500) request.log.error({ error }, "a request failed");
  return (
    reply
      .code(body.status)
      .headers({ ...headers, "cache-control": "no-store" })
      .type(problemType)
      // As bytes: of an object Fastify sends the type with a charset, which application/problem+json does not have.
      .send(Buffer.from(JSON.stringify(body)))
  );
}
