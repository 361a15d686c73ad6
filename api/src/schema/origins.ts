/** Origins of web pages (RFC 6454), shared by a service's spec and the processor's configuration. */
import { list, text } from "./scalars.ts";

export function allowedOrigins(description: string) {
  return list(
    "set",
    { description, maxItems: 100 },
    text(
      "An origin as browsers send it (https://app.example.com, http://localhost:3000), all subdomains of one (https://*.example.com), or * for all.",
      261,
      "^(\\*|https?://(\\*\\.)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?)$",
    ),
  );
}
