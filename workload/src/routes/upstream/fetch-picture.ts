/** Fetches a picture from a host that is allowed: redirects followed by the same rules, size and time bounded. */
import { isIP } from "node:net";
import { Agent, buildConnector, type Dispatcher, errors } from "undici";
import type { Settings } from "../../config/settings.ts";
import { decidingBytes } from "../../codec/other-formats.ts";
import { readPictureHeader } from "../../codec/picture-header.ts";
import { pictureFormats, formats } from "../../core/picture.ts";
import { allowedUrl, redirectedUrl } from "./allowed-url.ts";
import { checkedLookup, type Resolve } from "./checked-lookup.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { isAllowedAddress, parseNetworks } from "./public-address.ts";

import { HttpProblem } from "../problem.ts";

export type UpstreamSettings = Settings["upstream"] & {
  readonly maxBodyBytes: number;
  /** From the request to the last byte, including redirects and the wait for a connection. */
  readonly timeoutMs: number;
  /** Requests that may wait for a connection; more are refused at once. */
  readonly maxWaiting: number;
};

/** Formats that are slow to decode are not requested, but accepted: a host that negotiates sends it to browsers only. */
const acceptedFormats = [
  ...pictureFormats.filter((format) => !formats[format].slowToWrite).map((format) => formats[format].mediaType),
  "*/*;q=0.1",
].join(", ");

const mostRedirects = 3;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class PictureFetcher {
  readonly #settings: UpstreamSettings;
  readonly #agent: Agent;
  readonly #gate: ConnectionGate;

  constructor(settings: UpstreamSettings, resolve?: Resolve) {
    this.#settings = settings;
    this.#gate = new ConnectionGate({
      total: settings.connections,
      perOrigin: settings.connectionsPerHost,
      waiting: settings.maxWaiting,
    });
    this.#agent = new Agent({
      connections: settings.connectionsPerHost,
      keepAliveTimeout: settings.keepAliveMs,
      // Limits what a server's `Keep-Alive: timeout=` can request.
      keepAliveMaxTimeout: settings.keepAliveMs,
      allowH2: false,
      maxHeaderSize: 16 * 1024,
      connect: checkedConnector(settings, resolve),
    });
  }

  /** The bytes of the picture. Rejects with an HttpProblem, or with `signal`'s reason when the client disconnects. */
  async fetch(text: string, signal: AbortSignal): Promise<Buffer<ArrayBuffer>> {
    const deadline = AbortSignal.timeout(this.#settings.timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    try {
      return await this.#follow(text, either);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (deadline.aborted)
        throw new HttpProblem("upstream-timeout", "the host did not deliver the picture in time", { cause: error });
      throw upstreamError(error);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #follow(text: string, signal: AbortSignal): Promise<Buffer<ArrayBuffer>> {
    let url = allowedUrl(text, this.#settings.allowedHosts);
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const answer = await this.#get(url, signal);
      if (!("location" in answer)) return answer;
      url = redirectedUrl(url, answer.location, this.#settings.allowedHosts);
    }
    throw new HttpProblem("too-many-redirects", `the picture is more than ${mostRedirects} redirects away`);
  }

  async #get(url: URL, signal: AbortSignal): Promise<Buffer<ArrayBuffer> | { readonly location: string }> {
    const place = await this.#gate.enter(url.origin, signal);
    try {
      return await this.#exchange(url, signal);
    } finally {
      place[Symbol.dispose]();
    }
  }

  async #exchange(url: URL, signal: AbortSignal): Promise<Buffer<ArrayBuffer> | { readonly location: string }> {
    const response = await this.#agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      signal,
      // Forwards nothing from the client's request: no cookies, credentials or address.
      headers: { accept: acceptedFormats, "accept-encoding": "identity", "user-agent": "gpumedia" },
    });
    const { statusCode, headers, body } = response;
    if (redirects.has(statusCode) && typeof headers["location"] === "string") {
      await body.dump({ limit: 64 * 1024, signal });
      return { location: headers["location"] };
    }
    try {
      checkHead(response, this.#settings.maxBodyBytes);
      return await read(body, headers["content-type"], this.#settings.maxBodyBytes);
    } catch (error) {
      // Otherwise the rest of the body would be read, of any length. Destroying emits an error, which without a listener would
      // crash the process.
      body.on("error", () => undefined).destroy();
      throw error;
    }
  }
}

/** A connector that refuses addresses that are not allowed, resolved or literal. */
function checkedConnector(settings: UpstreamSettings, resolve: Resolve | undefined): buildConnector.connector {
  const networks = parseNetworks(settings.allowedNetworks);
  const isAllowed = (address: string) => isAllowedAddress(address, networks);
  const lookup = checkedLookup({ isAllowed, ttlMs: settings.dnsCacheTtlMs, ...(resolve && { resolve }) });
  const connect = buildConnector({ lookup, timeout: settings.timeoutMs, allowH2: false });
  return (options, callback) => {
    // `net.connect` does not look up a literal address, so the lookup would not check it.
    if (isIP(options.hostname) !== 0 && !isAllowed(options.hostname)) {
      callback(new HttpProblem("address-not-allowed", `${options.hostname} is not an allowed address`), null);
      return;
    }
    connect(options, callback);
  };
}

function checkHead({ statusCode, headers }: Dispatcher.ResponseData, maxBodyBytes: number): void {
  if (statusCode === 404 || statusCode === 410)
    throw new HttpProblem("upstream-not-found", "the host has no such picture");
  if (statusCode !== 200) throw new HttpProblem("upstream-refused", `the host answered ${statusCode}`);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw new HttpProblem("upstream-not-an-image", "the host sent a compressed response");
  if (Number(headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
}

/**
 * Reads the body. Stores and generic servers send pictures with any type or none, and pages that explain an error with the type of
 * the picture, so the bytes decide: what does not begin as a picture that the processor reads is not read further.
 */
async function read(
  body: AsyncIterable<Buffer>,
  type: string | string[] | undefined,
  maxBodyBytes: number,
): Promise<Buffer<ArrayBuffer>> {
  let recognized = false;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBodyBytes) throw tooLarge(maxBodyBytes);
    chunks.push(chunk);
    if (recognized || length < decidingBytes) continue;
    checkBytes(Buffer.concat(chunks), type);
    recognized = true;
  }
  const picture = Buffer.concat(chunks, length);
  if (!recognized) checkBytes(picture, type);
  return picture;
}

/** @throws {HttpProblem} unless the bytes are the first of a picture in a format that the processor reads */
function checkBytes(bytes: Buffer, type: string | string[] | undefined): void {
  const reading = readPictureHeader(bytes);
  if (reading.kind !== "unknown-format") return;
  // As for an upload.
  if (reading.isPicture) throw new HttpProblem("unsupported-format", reading.message);
  const typeText = typeof type === "string" ? type.slice(0, 100) : "no content type";
  throw new HttpProblem("upstream-not-an-image", `the host sent ${typeText}; ${reading.message}`);
}

function tooLarge(maxBodyBytes: number): HttpProblem {
  return new HttpProblem(
    "upstream-too-large",
    `the picture exceeds ${maxBodyBytes} bytes: use a smaller one, or raise limits.bodyBytes (GpuMediaService: processing.limits.bodyBytes)`,
  );
}

function upstreamError(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const timedOut =
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError;
  if (timedOut) return new HttpProblem("upstream-timeout", "the host did not respond", { cause: error });
  return new HttpProblem("upstream-unreachable", "the host cannot be reached, or closed the connection", {
    cause: error,
  });
}
