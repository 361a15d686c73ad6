/**
 * Requests as real clients send them, byte by byte: recorded from these versions on 2026-11-30, so that CI needs no Python. Each is
 * the shortest code that sends a picture or a tensor with that client.
 */
import assert from "node:assert/strict";
import { photograph } from "../testing/photographs.ts";
import { RawConnection } from "../testing/raw-connection.ts";
import { realProcessor, type RealProcessor } from "./testing/real-processor.ts";

interface Recorded {
  /** The head without `Host` and `Content-Length`. */
  readonly head: readonly string[];
  /** Around the picture. */
  readonly before?: string;
  readonly after?: string;
}

const post = "POST /v1/process HTTP/1.1";
const requestsHead = [
  post,
  "User-Agent: python-requests/2.34.2",
  "Accept-Encoding: gzip, deflate, br",
  "Accept: */*",
  "Connection: keep-alive",
];
const httpxHead = [...requestsHead.slice(0, 1), "Accept: */*", "User-Agent: python-httpx/0.28.1"];
const curlHead = [post, "User-Agent: curl/7.88.1", "Accept: */*"];
const aiohttpHead = [post, "Accept: */*", "User-Agent: Python/3.11 aiohttp/3.14.5"];
const fetchHead = [post, "connection: keep-alive", "accept: */*", "sec-fetch-mode: cors", "user-agent: node"];

function form(boundary: string, ...partHead: readonly string[]): Pick<Recorded, "before" | "after"> {
  return { before: `--${boundary}\r\n${partHead.join("\r\n")}\r\n\r\n`, after: `\r\n--${boundary}--\r\n` };
}

const formType = (boundary: string) => `Content-Type: multipart/form-data; boundary=${boundary}`;
const disposition = (fileName?: string) =>
  `Content-Disposition: form-data; name="file"${fileName === undefined ? "" : `; filename="${fileName}"`}`;
const hex = "80f45b903ff18b1e83e2febcb58083c5";
const dashes = "------------------------c2280a5369d6efe9";
const undici = "----formdata-undici-000198608686";

const pictures: Readonly<Record<string, Recorded>> = {
  "requests.post(url, data=bytes)": { head: requestsHead },
  "requests.post(url, files={'file': file})": {
    head: [...requestsHead, formType(hex)],
    ...form(hex, disposition("flower.jpg")),
  },
  "httpx.post(url, content=bytes)": { head: httpxHead },
  "httpx.post(url, files={'file': ('a.jpg', bytes)})": {
    head: [...httpxHead, formType(hex)],
    ...form(hex, disposition("a.jpg"), "Content-Type: image/jpeg"),
  },
  "urllib.request.Request(url, data=bytes)": {
    head: [
      post,
      "Accept-Encoding: identity",
      "Content-Type: application/x-www-form-urlencoded",
      "User-Agent: Python-urllib/3.11",
      "Connection: close",
    ],
  },
  "aiohttp's session.post(url, data=bytes)": { head: [...aiohttpHead, "Content-Type: application/octet-stream"] },
  "aiohttp's session.post(url, data={'file': file})": {
    head: [...aiohttpHead, formType(hex)],
    ...form(hex, "Content-Type: image/jpeg", disposition("flower.jpg")),
  },
  "curl --data-binary @flower.jpg": { head: [...curlHead, "Content-Type: application/x-www-form-urlencoded"] },
  "curl -F file=@flower.jpg": {
    head: [...curlHead, formType(dashes)],
    ...form(dashes, disposition("flower.jpg"), "Content-Type: image/jpeg"),
  },
  "curl -F 'file=<flower.jpg'": {
    head: [...curlHead, formType(dashes)],
    ...form(dashes, disposition(), "Content-Type: image/jpeg"),
  },
  "curl -X POST -T flower.jpg": { head: [...curlHead, "Expect: 100-continue"] },
  "fetch(url, {body: buffer})": { head: fetchHead },
  "fetch(url, {body: form}) with a Blob in the form": {
    head: [...fetchHead, `content-type: multipart/form-data; boundary=${undici}`],
    ...form(undici, disposition("a.jpg"), "Content-Type: application/octet-stream"),
  },
  "ab -p flower.jpg": {
    head: ["POST /v1/process HTTP/1.0", "Content-type: text/plain", "User-Agent: ApacheBench/2.3"],
  },
};

const infer = "POST /v2/models/anime4k-2x/infer HTTP/1.1";
const tritonHead = [infer, "User-Agent: python/gevent-http-client-2.6.1", "Inference-Header-Content-Length: 143"];
const tritonJson = Buffer.from(
  '{"inputs":[{"name":"image","shape":[1,1,2,3],"datatype":"UINT8","parameters":{"binary_data_size":6}}],"parameters":{"binary_data_output":true}}',
);
const kserveHead = [infer, "Accept: */*", "Accept-Encoding: gzip, deflate", "User-Agent: python-httpx/0.28.1"];

/** Each sends the pixels 0, 1, 2 and 3, 4, 5. */
const tensors: Readonly<Record<string, { readonly head: readonly string[]; readonly body: Buffer }>> = {
  "tritonclient 2.73.0's infer": {
    head: tritonHead,
    body: Buffer.concat([tritonJson, Buffer.from([0, 1, 2, 3, 4, 5])]),
  },
  "tritonclient 2.73.0's infer with request_compression_algorithm='gzip'": {
    head: [...tritonHead, "Content-Encoding: gzip"],
    body: Buffer.from(
      "H4sIAFNFDWsC/6tWyswrKC0pVrKKrlbKS8xNVbJSysxNTE9V0lEqzkgsAPKjDXUMdYx0jGN1lFISSxJLKkGCSqGefiEWQEUFiUVAXSWpRUAjqpWSMvMSiyrjQeriizOrgArNamtj8anKLy0B2q9kVVJUmlpby8DIxMzCCgB1CWV9lQAAAA==",
      "base64",
    ),
  },
  "tritonclient 2.73.0's infer with request_compression_algorithm='deflate'": {
    head: [...tritonHead, "Content-Encoding: deflate"],
    body: Buffer.from(
      "eJyrVsrMKygtKVayiq5WykvMTVWyUsrMTUxPVdJRKs5ILADyow11DHWMdIxjdZRSEksSSypBgkqhnn4hFkBFBYlFQF0lqUVAI6qVkjLzEosq40Hq4oszq4AKzWprY/Gpyi8tAdqvZFVSVJpaW8vAyMTMwgoAY/Yxgw==",
      "base64",
    ),
  },
  "KServe 0.21.0's InferenceRESTClient.infer": {
    head: [...kserveHead, "inference-header-content-length: 137", "content-type: application/octet-stream"],
    body: Buffer.concat([
      Buffer.from(
        '{"id":"7","model_name":"anime4k-2x","inputs":[{"name":"image","shape":[1,1,2,3],"datatype":"UINT8","parameters":{"binary_data_size":6}}]}',
      ),
      Buffer.from([0, 1, 2, 3, 4, 5]),
    ]),
  },
  "KServe 0.21.0's InferenceRESTClient.infer with JSON": {
    head: [...kserveHead, "content-type: application/json"],
    body: Buffer.from(
      '{"id":"7","model_name":"anime4k-2x","inputs":[{"name":"image","shape":[1,1,2,3],"datatype":"UINT8","data":[0,1,2,3,4,5]}],"outputs":[{"name":"doubled"}]}',
    ),
  },
};

describe("a request of", () => {
  let processor: RealProcessor;
  before(async () => {
    processor = await realProcessor({ workers: 1 });
  });
  after(async () => processor[Symbol.asyncDispose]());

  /** The final status. */
  async function statusOf(head: readonly string[], body: Uint8Array): Promise<number | undefined> {
    const connection = await RawConnection.open(processor.port);
    try {
      const lines = [...head, `Host: 127.0.0.1:${processor.port}`, `Content-Length: ${body.length}`];
      await connection.send(lines.map((line) => `${line}\r\n`).join("") + "\r\n");
      const awaits = head.includes("Expect: 100-continue");
      if (awaits) await connection.responses(1);
      await connection.send(body);
      return (await connection.responses(awaits ? 2 : 1)).at(-1);
    } finally {
      connection.reset();
    }
  }

  for (const [client, { head, before: start = "", after: end = "" }] of Object.entries(pictures)) {
    it(`${client} is answered with a picture`, async () => {
      const body = Buffer.concat([Buffer.from(start), photograph("flower"), Buffer.from(end)]);
      assert.equal(await statusOf(head, body), 200);
    });
  }

  for (const [client, { head, body }] of Object.entries(tensors)) {
    it(`${client} is answered with tensors`, async () => assert.equal(await statusOf(head, body), 200));
  }
});
