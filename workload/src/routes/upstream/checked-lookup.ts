/**
 * Resolves names for `net.connect` through a cache, and returns only allowed addresses.
 *
 * The check is here and not before the request: a name could resolve to a public address for the check and to 169.254.169.254
 * for the connection a moment later (DNS rebinding). The socket gets exactly what passed here.
 */
import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup as resolveName } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { HttpProblem } from "../problem.ts";

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface CheckedLookupOptions {
  readonly isAllowed: (address: string) => boolean;
  /** How long an answer is cached. Failures are not. */
  readonly ttlMs: number;
  /** Ms on a monotonic clock. */
  readonly now?: () => number;
  /** Default: the system's resolver, which knows /etc/hosts and the pod's search domains. */
  readonly resolve?: Resolve;
}

/** Bounds the cache: under `*.example.com` a client can request any number of names. */
const mostNames = 1000;

export function checkedLookup(options: CheckedLookupOptions): LookupFunction {
  const { isAllowed, ttlMs, now = () => performance.now(), resolve = resolveAll } = options;
  const cache = new Map<string, { readonly addresses: Promise<readonly LookupAddress[]>; readonly until: number }>();

  const cached = (hostname: string): Promise<readonly LookupAddress[]> => {
    const known = cache.get(hostname);
    if (known !== undefined && now() < known.until) return known.addresses;
    const addresses = resolve(hostname);
    const entry = { addresses, until: now() + ttlMs };
    cache.delete(hostname);
    cache.set(hostname, entry);
    addresses.catch(() => cache.get(hostname) === entry && cache.delete(hostname));
    const [oldest] = cache.keys();
    if (cache.size > mostNames && oldest !== undefined) cache.delete(oldest);
    return addresses;
  };

  const allowed = async (hostname: string, { family }: LookupOptions): Promise<LookupAddress[]> => {
    const addresses = await cached(hostname);
    const wanted = addresses.filter((address) => (family === 4 || family === 6 ? address.family === family : true));
    const passed = wanted.filter(({ address }) => isAllowed(address));
    // Without the address, which would reveal the internal network.
    if (passed.length === 0) throw new HttpProblem("address-not-allowed", `${hostname} has no allowed address`);
    return passed;
  };

  const find = callbackify(allowed);
  return (hostname, options, callback) => {
    find(hostname, options, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error, "");
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

async function resolveAll(hostname: string): Promise<readonly LookupAddress[]> {
  return resolveName(hostname, { all: true });
}
