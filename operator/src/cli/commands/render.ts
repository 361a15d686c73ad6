/** `gpumedia render` */
import type { Rollout } from "../../desired/context.ts";
import { manifestsYaml, renderedChildren } from "../render.ts";
import { exit, type ExitCode, type Terminal } from "../terminal.ts";
import { completeServices, type ServiceFlags } from "./files.ts";

export interface RenderFlags extends ServiceFlags {
  readonly operatorNamespace: string;
  readonly runbookUrl: string;
  readonly rollout: Rollout;
  readonly notServed: ReadonlySet<string>;
}

export async function render(flags: RenderFlags, terminal: Terminal): Promise<ExitCode> {
  const services = await completeServices(flags, terminal);
  if (services === undefined) return exit.findings;
  const { operatorNamespace, runbookUrl, rollout, notServed } = flags;
  const features = {
    gpuPodMetric: !notServed.has("custom.metrics.k8s.io"),
    inPlaceVpa: !notServed.has("InPlaceOrRecreate"),
  };
  const context = { operatorNamespace, runbookUrl, rollout, features };
  terminal.out(manifestsYaml(services.flatMap(({ service }) => renderedChildren(service, context, notServed))));
  return exit.ok;
}
