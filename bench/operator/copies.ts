/** Multiplies settled services in etcd: to create thousands of them through the API server takes the better part of an hour. */
import { join } from "node:path";
import type { Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import { Pool } from "undici";
import { forEach } from "./services.ts";

/** Names `service-0000` to `service-0099`: each copy replaces the first two digits, so that no value changes its length. */
export const servicesPerCopy = 100;

interface KeyValue {
  /** Base64. */
  readonly key: string;
  readonly value: string;
}

const prefix = "/registry/";
const pageSize = 200;
const putsInFlight = 16;
const uids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/**
 * Copies the objects of 100 services, of which all names begin with `service-00`, with their children and pods: names, labels
 * and UIDs are replaced, also where they refer to each other. Stop the controllers before.
 */
export async function copyServices({ directory }: Cluster, copies: number): Promise<void> {
  await using etcd = new Etcd(join(directory, "etcd.sock:0"));
  const objects = (await etcd.readAll()).filter(({ key }) => isOfService(decoded(key)));
  const puts = Array.from({ length: copies }, (_, index) => index + 1).flatMap((copy) =>
    objects.map(({ key, value }) => ({ key, value, digits: String(copy).padStart(2, "0") })),
  );
  // Each in a transaction of its own: objects with the same resourceVersion would get lost when a watch resumes.
  await forEach(puts, putsInFlight, ({ key, value, digits }) =>
    etcd.put({ key: copied(key, digits), value: copied(value, digits) }),
  );
}

function isOfService(key: string): boolean {
  return key.includes("/service-00") && !key.startsWith(`${prefix}events/`);
}

/** The same number of bytes: most objects are stored as protobuf, which has lengths. */
function copied(base64: string, digits: string): string {
  const text = decoded(base64)
    .replaceAll(/service-00(?=\d\d)/g, `service-${digits}`)
    .replaceAll(uids, (uid) => digits + uid.slice(digits.length));
  return Buffer.from(text, "latin1").toString("base64");
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("latin1");
}

function encoded(text: string): string {
  return Buffer.from(text, "latin1").toString("base64");
}

/** @see https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/ */
class Etcd implements AsyncDisposable {
  readonly #pool: Pool;

  constructor(socketPath: string) {
    this.#pool = new Pool("http://localhost", { socketPath });
  }

  async readAll(): Promise<readonly KeyValue[]> {
    const all: KeyValue[] = [];
    for (let key = encoded(prefix), more = true; more;) {
      const range = { key, range_end: encoded("/registry0"), limit: pageSize };
      const page = (await this.#post("/v3/kv/range", range)) as { kvs?: readonly KeyValue[]; more?: boolean };
      all.push(...(page.kvs ?? []));
      more = page.more === true;
      key = encoded(`${decoded(all.at(-1)?.key ?? "")}\0`);
    }
    return all;
  }

  async put(pair: KeyValue): Promise<void> {
    await this.#post("/v3/kv/put", pair);
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const { statusCode, body: answer } = await this.#pool.request({ method: "POST", path, body: JSON.stringify(body) });
    const text = await answer.text();
    if (statusCode !== 200) throw new Error(`etcd answered ${statusCode} to ${path}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }
}
