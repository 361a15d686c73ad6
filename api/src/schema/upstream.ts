/** The sources of images, shared by a service's spec and the processor's configuration. */
import { list, text } from "./scalars.ts";

const maxItems = 100;

export function allowedHosts(description: string) {
  return list(
    "set",
    { description, maxItems },
    text(
      "A host, or all subdomains of one (*.example.com), with an optional port (store:9000). Defaults to the port of the scheme.",
      259,
      "^(\\*\\.)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?$",
    ),
  );
}

export function allowedNetworks(description: string) {
  return list(
    "set",
    { description, maxItems },
    text("A range in CIDR notation, such as 10.96.0.0/16.", 43, "^[0-9a-fA-F.:]+/[0-9]{1,3}$"),
  );
}
