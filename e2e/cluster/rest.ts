/** Requests as the administrator, where `kubectl` is too slow or too coarse. */
import { Agent, type Dispatcher } from "undici";
import type { KeyPair } from "./pki.ts";

/** The API server refused the request. */
class RestError extends Error {
  override readonly name = "RestError";
  readonly status: number;
  readonly answer: string;

  constructor(request: string, status: number, answer: string) {
    super(`${request}: ${status} ${answer}`);
    this.status = status;
    this.answer = answer;
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

  /** Returns the parsed response. Fails with a `RestError` if its status is not 2xx. */
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

  /** Returns why the API server would not create the object, or "" if it would. */
  async refusal(collection: string, object: object): Promise<string> {
    try {
      await this.request("POST", `${collection}?dryRun=All&fieldValidation=Strict`, object);
      return "";
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      return (JSON.parse(error.answer) as { readonly message: string }).message;
    }
  }

  /** Returns the object, or undefined if there is none. */
  async get(path: string): Promise<unknown> {
    return this.request("GET", path).catch(unlessStatus(404));
  }

  /** Server-side apply. `collection` is the path of the collection, such as `/api/v1/namespaces`. */
  async apply(collection: string, object: KubernetesObject): Promise<unknown> {
    const path = `${collection}/${encodeURIComponent(object.metadata.name)}?fieldManager=gpumedia-e2e&force=true`;
    return this.request("PATCH", path, object, "apply-patch+yaml");
  }

  /** Deletes an object without a grace period; it is no error if it is missing. */
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
