/** Decides which URLs may be fetched, before any name is resolved. Pure. */
import { HttpProblem } from "../problem.ts";

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * The URL, if its host is on the list: `images.example.com`, `*.example.com` for every name below it (not itself), either
 * with `:port` for that port alone; without, the scheme's own port alone. Hosts compare as the URL standard writes them.
 * @throws {HttpProblem} url-invalid or host-not-allowed.
 */
export function allowedUrl(text: string, allowedHosts: readonly string[]): URL {
  const url = URL.parse(text);
  if (url === null) throw new HttpProblem("url-invalid", "url must be an absolute URL");
  const defaultPort = defaultPorts[url.protocol];
  if (defaultPort === undefined) throw new HttpProblem("url-invalid", "url must use http or https");
  // A password in a URL ends up in logs and caches, ours and others'.
  if (url.username !== "" || url.password !== "")
    throw new HttpProblem("url-invalid", "url must not contain credentials");
  const port = url.port === "" ? defaultPort : url.port;
  // `example.com.` is the same host to DNS, but not to a list, nor to the host's certificate.
  const host = url.hostname.replace(/\.$/, "");
  if (!allowedHosts.some((pattern) => matches(pattern.toLowerCase(), host, port, defaultPort))) {
    throw new HttpProblem("host-not-allowed", `${url.host} is not in upstream.allowedHosts`);
  }
  url.hash = "";
  return url;
}

/** The target of a redirect, by the same rules. @throws {HttpProblem} redirect-not-allowed */
export function redirectedUrl(from: URL, location: string, allowedHosts: readonly string[]): URL {
  const url = URL.parse(location, from.href);
  if (url === null) throw new HttpProblem("redirect-not-allowed", "a redirect has an invalid URL");
  if (from.protocol === "https:" && url.protocol === "http:") {
    throw new HttpProblem("redirect-not-allowed", "a redirect goes from https to http");
  }
  try {
    return allowedUrl(url.href, allowedHosts);
  } catch (error) {
    throw new HttpProblem("redirect-not-allowed", "a redirect goes to a host that is not allowed", { cause: error });
  }
}

function matches(pattern: string, host: string, port: string, defaultPort: string): boolean {
  const { name = "", wantedPort = defaultPort } =
    /^(?<name>\[.*\]|[^:]*)(?::(?<wantedPort>\d+))?$/.exec(pattern)?.groups ?? {};
  if (port !== wantedPort) return false;
  return name.startsWith("*.") ? host.endsWith(name.slice(1)) && host.length > name.length - 1 : host === name;
}
