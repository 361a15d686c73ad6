/** The methods of each path: for `OPTIONS`, and for the `Allow` header of a 405. */
import type { FastifyContextConfig, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { answerProblem, HttpProblem } from "./routes/problem.ts";

interface KnownRoute {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
  readonly options: FastifyContextConfig["options"];
}

export class AllowedMethods {
  readonly #routes: KnownRoute[] = [];

  add({ url, method, config }: RouteOptions): void {
    // The plugin for CORS has a route for preflights of any path.
    if (url === "*") return;
    const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, "[^/]+").replaceAll(".", "\\.")}$`);
    this.#routes.push({ pattern, methods: [method].flat(), options: config?.options });
  }

  /** Answers a request that no route takes: OPTIONS of a known path with its methods, others with 404 or 405. */
  answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { method, url } = request;
    const path = url.split("?", 1)[0]?.slice(0, 200) ?? "";
    const routes = this.#of(path);
    const methods = [...new Set([...routes.flatMap((route) => route.methods), "OPTIONS"])];
    if (routes.length === 0)
      return answerProblem(new HttpProblem("not-found", `no such path: ${path}`), request, reply);
    const allow = methods.join(", ");
    if (method !== "OPTIONS") {
      const problem = new HttpProblem("method-not-allowed", `${path} supports ${allow}, not ${method}`, {
        headers: { allow },
      });
      return answerProblem(problem, request, reply);
    }
    // RFC 9110, section 9.3.7.
    for (const { options } of path === "*" ? [] : routes) reply.headers(options?.(request) ?? {});
    return reply.code(204).headers({ allow, "cache-control": "no-store" }).send();
  }

  #of(path: string): readonly KnownRoute[] {
    // `OPTIONS *` asks about the server as a whole; load balancers probe with it.
    return path === "*" ? this.#routes : this.#routes.filter(({ pattern }) => pattern.test(path));
  }
}
