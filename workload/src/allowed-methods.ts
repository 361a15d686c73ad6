/** The methods of each path: for `OPTIONS`, and for the `Allow` header of a 405. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { acceptPost } from "./routes/body/media-type.ts";
import { offerType } from "./routes/live/live.ts";
import { answerProblem, HttpProblem } from "./routes/problem.ts";

export class AllowedMethods {
  readonly #routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  add(url: string, methods: readonly string[]): void {
    // The plugin for CORS has a route for preflights of any path.
    if (url === "*") return;
    this.#routes.push({ pattern: new RegExp(`^${url.replaceAll(/:\w+/g, "[^/]+").replaceAll(".", "\\.")}$`), methods });
  }

  /** Answers a request that no route takes: OPTIONS of a known path with its methods, others with 404 or 405. */
  answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { method, url } = request;
    const path = url.split("?", 1)[0]?.slice(0, 200) ?? "";
    const methods = this.#of(path);
    if (methods.length === 0)
      return answerProblem(new HttpProblem("not-found", `no such path: ${path}`), request, reply);
    const allow = methods.join(", ");
    if (method !== "OPTIONS") {
      const problem = new HttpProblem("method-not-allowed", `${path} supports ${allow}, not ${method}`, {
        headers: { allow },
      });
      return answerProblem(problem, request, reply);
    }
    // RFC 9110, section 9.3.7. Accept-Post names what a POST may contain.
    if (path === "/v1/process") reply.header("accept-post", acceptPost);
    if (/^\/v1\/(whip|whep|exchange)\b/.test(path)) reply.header("accept-post", offerType);
    return reply.code(204).headers({ allow, "cache-control": "no-store" }).send();
  }

  #of(path: string): readonly string[] {
    // `OPTIONS *` asks about the server as a whole; load balancers probe with it.
    const routes = path === "*" ? this.#routes : this.#routes.filter(({ pattern }) => pattern.test(path));
    if (routes.length === 0) return [];
    return [...new Set([...routes.flatMap(({ methods }) => methods), "OPTIONS"])];
  }
}
