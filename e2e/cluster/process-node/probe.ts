/** Startup, readiness and liveness probes. */
import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { ContainerSpec, Probe } from "./pod-spec.ts";

export interface ProbeTarget {
  readonly podIP: string;
  readonly ports: NonNullable<ContainerSpec["ports"]>;
}

/** The probe's verdicts until the signal: one for each probe at or beyond its threshold. */
export async function* verdicts(probe: Probe, target: ProbeTarget, signal: AbortSignal): AsyncGenerator<boolean> {
  let last: boolean | undefined;
  let inRow = 0;
  await paused((probe.initialDelaySeconds ?? 0) * 1000, signal);
  while (!signal.aborted) {
    const passed = await passes(probe, target);
    inRow = passed === last ? inRow + 1 : 1;
    last = passed;
    if (signal.aborted) return;
    if (inRow >= (passed ? probe.successThreshold : probe.failureThreshold)) yield passed;
    await paused(probe.periodSeconds * 1000, signal);
  }
}

function portOf({ httpGet }: Probe, ports: ProbeTarget["ports"]): number {
  const port = httpGet?.port ?? 0;
  if (typeof port === "number") return port;
  return ports.find(({ name }) => name === port)?.containerPort ?? 0;
}

/** 2xx and 3xx pass. Each probe needs a new connection: a kept one would not show that the server accepts any. */
async function passes(probe: Probe, { podIP, ports }: ProbeTarget): Promise<boolean> {
  const path = probe.httpGet?.path ?? "/";
  return new Promise((resolve) => {
    const options = { host: podIP, port: portOf(probe, ports), path, agent: false };
    const request = get(options, ({ statusCode = 0 }) => {
      resolve(statusCode >= 200 && statusCode < 400);
      request.destroy();
    });
    const timeout = setTimeout(() => request.destroy(), probe.timeoutSeconds * 1000);
    request.on("error", () => resolve(false));
    request.on("close", () => {
      clearTimeout(timeout);
      resolve(false);
    });
  });
}

/** Resolves early, without an error, at the signal. */
export async function paused(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
