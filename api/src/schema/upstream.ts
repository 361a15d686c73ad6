/** From where pictures may be fetched: the same in a service's spec and in the processor's configuration. */
import { list, text } from "./scalars.ts";

const most = 100;

export function allowedHosts(description: string) {
  return list(
    "set",
    { description, maxItems: most },
    text(
      "A host, or all below one: *.example.com; with a port for that alone, else the scheme's own: store:9000.",
      259,
      "^(\\*\\.)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?$",
    ),
  );
}

export function allowedNetworks(description: string) {
  return list("set", { description, maxItems: most }, text("Such as 10.96.0.0/16.", 43, "^[0-9a-fA-F.:]+/[0-9]{1,3}$"));
}
