import { Apis, type Discovery } from "../kube/discovery.ts";
import type { ResourceType } from "../kube/object.ts";
import { pause, type Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

export interface WatchApisOptions {
  readonly discovery: Discovery;
  /** What the caller knows already. */
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
}

/**
 * Polls until the signal aborts and tells what has appeared or vanished. It polls rather than watches
 * CustomResourceDefinitions, since that would take a right on the whole cluster that the operator needs for nothing else.
 */
export async function watchApis(options: WatchApisOptions): Promise<void> {
  const { discovery, clock, intervalMs, onChange, log, signal } = options;
  let { known } = options;
  let previous = known;
  while (!signal.aborted) {
    await pause(clock, intervalMs, signal);
    if (signal.aborted) return;
    try {
      const answer = await discovery.read(signal);
      // In its first moments an API server names no custom kinds: gone is what is missing twice.
      const doubtful = known.without(answer).filter((type) => previous.serves(type));
      previous = answer;
      const apis = doubtful.length === 0 ? answer : new Apis([...answer.types, ...doubtful]);
      const [appeared, vanished] = [apis.without(known), known.without(apis)];
      known = apis;
      if (appeared.length > 0 || vanished.length > 0) onChange({ apis, appeared, vanished });
    } catch (error) {
      // What was served stays served until a server says otherwise.
      if (!signal.aborted) log.warn({ error }, "could not ask which kinds are served");
    }
  }
}
