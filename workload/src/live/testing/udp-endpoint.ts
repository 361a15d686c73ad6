/** A UDP socket on loopback for tests, which keeps what it received. */
import { createSocket, type Socket } from "node:dgram";

export interface Received {
  readonly packet: Buffer;
  readonly port: number;
}

export class UdpEndpoint implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly port: number;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (packet, { port }) => this.received.push({ packet, port }));
  }

  static async open(): Promise<UdpEndpoint> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new UdpEndpoint(socket);
  }

  send(packet: Buffer | string, port: number): void {
    this.#socket.send(packet, port, "127.0.0.1");
  }

  onPacket(listener: (packet: Buffer, port: number) => void): void {
    this.#socket.on("message", (packet, { port }) => listener(packet, port));
  }

  /** Whether it has received this. */
  has(text: string): boolean {
    return this.received.some(({ packet }) => packet.toString() === text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}
