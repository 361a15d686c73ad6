/**
 * Resolves names for `net.connect`, through a cache, and answers only addresses that may be connected to.
 *
 * The check sits here and not before the request, because a name may resolve to a public address for a check and to
 * 169.254.169.254 for the connection a moment later (DNS rebinding): what passes here is what the socket gets.
 */
import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup as resolveName } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { HttpProblem } from "../../problem.ts";

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface CheckedLookupOptions {
  readonly isAllowed: (address: string) => boolean;
  /** How long an answer is used. Failures are not remembered. */
  readonly ttlMs: number;
  /** Ms on a monotonic clock. */
  readonly now?: () => number;
  /** Default: the system's resolver, which knows /etc/hosts and the pod's search domains. */
  readonly resolve?: Resolve;
}

/** So many names at most: under `*.example.com` a client can ask for as many as it likes. */
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
    // Without the address: it would tell the client what is inside.
    if (passed.length === 0)
      throw new HttpProblem("address-not-allowed", `${hostname} has no address that may be used`);
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
