/** What `GET /v1/process?url=…` may fetch, and with how much effort. */
export interface UpstreamSettings {
  /** Hosts that may be fetched from: `images.example.com`, `*.example.com`, with or without `:port`. Empty: none. */
  readonly allowedHosts: readonly string[];
  /** Networks (CIDR) that may be connected to although they are not public, such as an object store in the cluster. */
  readonly allowedNetworks: readonly string[];
  /** At once, to all hosts and to one. Guide, "Connection Pooling": 100 and 30. */
  readonly connections: number;
  readonly connectionsPerHost: number;
  /** Guide, "Connection Pooling": 300 s. */
  readonly dnsCacheTtlMs: number;
  /** How long an idle connection is kept. Guide, "Connection Pooling": 30 s. */
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number;
  /** From the request to the last byte, redirects and waiting for a connection included. */
  readonly timeoutMs: number;
  /** How many requests may wait for a connection; more are refused at once. */
  readonly maxWaiting: number;
}
