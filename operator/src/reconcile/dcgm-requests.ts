/** What each service asks of the DCGM exporters, as the passes over them find it. */
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import type { ObjectKey } from "../kube/object.ts";

export type DcgmRequest = Pick<EffectiveService, "gpu" | "monitoring">;

export class DcgmRequests {
  readonly #requests = new Map<ObjectKey, DcgmRequest | undefined>();
  readonly #onChange: () => void;

  /** `onChange` is told when the list of metrics may have to change. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** A spec that makes no sense asks for nothing new: what the service asked for before still runs. */
  visited(service: ObjectKey, request: DcgmRequest | undefined): void {
    const before = this.#requests.get(service);
    if (this.#requests.has(service) && (request === undefined || same(before, request))) return;
    this.#requests.set(service, request && { gpu: request.gpu, monitoring: request.monitoring });
    this.#onChange();
  }

  gone(service: ObjectKey): void {
    if (this.#requests.delete(service)) this.#onChange();
  }

  /** Has every service been visited since the start? Before that the union would lack what the others ask for. */
  covers(services: Iterable<ObjectKey>): boolean {
    return [...services].every((service) => this.#requests.has(service));
  }

  get all(): readonly DcgmRequest[] {
    return [...this.#requests.values()].filter((request) => request !== undefined);
  }
}

function same(a: DcgmRequest | undefined, b: DcgmRequest): boolean {
  return a !== undefined && a.gpu.count === b.gpu.count && digest(a.monitoring.dcgm) === digest(b.monitoring.dcgm);
}
