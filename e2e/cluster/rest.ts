/** Requests of the administrator, for what `kubectl` is too slow or too coarse for. */
import { Agent, type Dispatcher } from "undici";
import type { KeyPair } from "./pki.ts";

/** The API server refused. */
class RestError extends Error {
  override readonly name = "RestError";
  readonly status: number;

  constructor(request: string, status: number, answer: string) {
    super(`${request}: ${status} ${answer}`);
    this.status = status;
  }
}

/** The apiVersion, kind and metadata of any object. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, unknown>>;
}

export class Rest implements AsyncDisposable {
  readonly #agent: Agent;
  readonly server: string;

  constructor(server: string, authority: string, { certificate, key }: KeyPair) {
    this.server = server;
    this.#agent = new Agent({ connect: { ca: authority, cert: certificate, key }, connections: 16 });
  }

  /** The parsed answer. Fails with a `RestError` when it is none of 2xx. */
  async request(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    type = "json",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const answer = await this.#agent.request({
      origin: this.server,
      method,
      path,
      headers: { "user-agent": "gpumedia-e2e", "content-type": `application/${type}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new RestError(`${method} ${path}`, answer.statusCode, text);
    const isJson = String(answer.headers["content-type"]).startsWith("application/json");
    return isJson ? (JSON.parse(text) as unknown) : text;
  }

  /** The answer, or undefined if there is no such object. */
  async get(path: string): Promise<unknown> {
    return this.request("GET", path).catch(unlessStatus(404));
  }

  /** Creates the object or makes it like this. `collection` is the path that it is in, e.g. `/api/v1/namespaces`. */
  async apply(collection: string, object: KubernetesObject): Promise<unknown> {
    const path = `${collection}/${encodeURIComponent(object.metadata.name)}?fieldManager=gpumedia-e2e&force=true`;
    return this.request("PATCH", path, object, "apply-patch+yaml");
  }

  /** Deletes an object at once; one that is not there is fine. */
  async delete(path: string): Promise<void> {
    await this.request("DELETE", path, { gracePeriodSeconds: 0 }).catch(unlessStatus(404));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

function unlessStatus(status: number): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof RestError && error.status === status) return undefined;
    throw error;
  };
}
