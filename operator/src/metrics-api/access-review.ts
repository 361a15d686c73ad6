/** Asks the API server whether a user may read a metric, and caches its decision for some seconds. */
import type { ApiClient } from "../kube/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { User } from "./front-proxy.ts";

const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/** The defaults of kubelet and API server: short enough for a revoked right to take effect. */
const allowedForMs = 10_000;
const deniedForMs = 5_000;
const mostCached = 1_000;

export type Attributes =
  | { readonly resourceAttributes: Readonly<Record<string, string>> }
  | { readonly nonResourceAttributes: Readonly<Record<string, string>> };

export class AccessReviews {
  readonly #client: Pick<ApiClient, "rawJson">;
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly allowed: boolean; readonly until: number }>();

  constructor(client: Pick<ApiClient, "rawJson">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @throws {ApiError} when the API server does not decide. */
  async allows({ name, groups, extra }: User, attributes: Attributes): Promise<boolean> {
    const spec = { user: name, groups, extra, ...attributes };
    const key = JSON.stringify(spec);
    const known = this.#answers.get(key);
    const now = this.#clock.now();
    if (known !== undefined && known.until > now) return known.allowed;
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
    const { body } = await this.#client.rawJson("POST", path, { body: review });
    const allowed = (body as { status?: { allowed?: boolean } } | undefined)?.status?.allowed === true;
    this.#answers.delete(key);
    this.#answers.set(key, { allowed, until: now + (allowed ? allowedForMs : deniedForMs) });
    if (this.#answers.size > mostCached) this.#answers.delete(this.#answers.keys().next().value ?? "");
    return allowed;
  }
}
