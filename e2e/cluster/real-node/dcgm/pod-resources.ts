/** The containers' devices from the kubelet's PodResources API: one gRPC call, decoded without generated code. */
import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import type { Holder } from "./exposition.ts";

/** A number, or the bytes of a string or message. */
type Field = readonly [number: number, value: number | Buffer];

const lengthDelimited = 2;

/** @see https://protobuf.dev/programming-guides/encoding/ */
function fieldsOf(message: Buffer): readonly Field[] {
  const all: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const value = varint();
    if ((tag & 7) === lengthDelimited) all.push([tag >> 3, message.subarray(at, (at += value))]);
    else all.push([tag >> 3, value]);
  }
  return all;
}

const parts = (message: Buffer, field: number): readonly Buffer[] =>
  fieldsOf(message).flatMap(([number, value]) => (number === field && Buffer.isBuffer(value) ? [value] : []));
const text = (message: Buffer, field: number): string => parts(message, field).join("");

/** Fields of k8s.io/kubelet/pkg/apis/podresources/v1: pod 1 name, 2 namespace, 3 containers; container 1 name, 2 devices; device 2 ids. */
export function holdersOf(response: Buffer): ReadonlyMap<string, Holder> {
  const all = parts(response, 1).flatMap((pod) =>
    parts(pod, 3).flatMap((container) => {
      const holder = { namespace: text(pod, 2), pod: text(pod, 1), container: text(container, 1) };
      const ids = parts(container, 2).flatMap((device) => parts(device, 2).map(String));
      return ids.map((id) => [id, holder] as const);
    }),
  );
  return new Map(all);
}

export async function listHolders(socket: string): Promise<ReadonlyMap<string, Holder>> {
  const session = connect("http://kubelet", { createConnection: () => connectSocket(socket) });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    session.on("error", reject);
    const call = session.request({
      ":method": "POST",
      ":path": "/v1.PodResourcesLister/List",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const received: Buffer[] = [];
    call.on("data", (chunk: Buffer) => received.push(chunk));
    call.on("error", reject);
    call.on("trailers", ({ "grpc-status": status, "grpc-message": message }) => {
      if (status !== "0") reject(new Error(`PodResources: ${String(status)} ${String(message)}`));
    });
    call.on("end", () => resolve(Buffer.concat(received)));
    // A gRPC frame: not compressed, with an empty message.
    call.end(Buffer.alloc(frameHeader));
    return holdersOf((await promise).subarray(frameHeader));
  } finally {
    session.close();
  }
}

const frameHeader = 5;
