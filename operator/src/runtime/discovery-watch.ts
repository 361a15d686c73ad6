import { Apis, type Discovery } from "../kube/discovery.ts";
import type { ResourceType } from "../kube/object.ts";
import { pause, type Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

export interface WatchApisOptions {
  readonly discovery: Discovery;
  /** The APIs that the caller already knows. */
  readonly known: Apis;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Must not throw. */
  readonly onChange: (change: ApisChange) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface ApisChange {
  readonly apis: Apis;
  readonly appeared: readonly ResourceType[];
  readonly vanished: readonly ResourceType[];
  /** The groups whose servers the API server has not reached for a minute. */
  readonly unreachable: ReadonlySet<string>;
}

/** A server that starts, or whose leader changes, is not reached for a moment. */
const unreachableAfterMs = 60_000;

/**
 * Polls until the signal aborts and reports which APIs have appeared or vanished. A watch on CustomResourceDefinitions
 * would need a cluster-wide permission that the operator needs for nothing else.
 */
export async function watchApis(options: WatchApisOptions): Promise<void> {
  const { discovery, clock, intervalMs, onChange, log, signal } = options;
  let { known } = options;
  let previous = known;
  const staleSince = new Map<string, number>();
  let unreachable: ReadonlySet<string> = new Set();
  while (!signal.aborted) {
    await pause(clock, intervalMs, signal);
    if (signal.aborted) return;
    try {
      const served = await discovery.read(signal);
      // An API server that has just started lists no custom kinds: a kind has vanished when two polls in a row miss it.
      const unconfirmed = known.without(served).filter((type) => previous.serves(type));
      previous = served;
      const apis = unconfirmed.length === 0 ? served : new Apis([...served.types, ...unconfirmed], served.stale);
      const [appeared, vanished] = [apis.without(known), known.without(apis)];
      known = apis;
      const before = unreachable;
      unreachable = unreachableGroups(served.stale, staleSince, clock.now());
      const differs = before.symmetricDifference(unreachable).size > 0;
      if (appeared.length > 0 || vanished.length > 0 || differs) onChange({ apis, appeared, vanished, unreachable });
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, "API discovery failed; keeping the APIs of the last poll");
    }
  }
}

function unreachableGroups(stale: ReadonlySet<string>, since: Map<string, number>, now: number): ReadonlySet<string> {
  for (const group of since.keys()) if (!stale.has(group)) since.delete(group);
  for (const group of stale) if (!since.has(group)) since.set(group, now);
  return new Set([...since].filter(([, at]) => now - at >= unreachableAfterMs).map(([group]) => group));
}
