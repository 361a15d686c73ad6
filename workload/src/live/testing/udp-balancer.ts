/** A UDP load balancer for tests: it sends each client's packets to one target from a port of its own, until it moves all of them. */
import { createSocket, type Socket } from "node:dgram";

export class UdpBalancer {
  readonly #front: Socket;
  readonly #backs = new Map<string, Socket>();
  #target: number;

  private constructor(front: Socket, target: number) {
    this.#front = front;
    this.#target = target;
    front.on("error", () => undefined);
    front.on("message", (packet, { address, port }) => {
      const key = `${address} ${port}`;
      const back = this.#backs.get(key) ?? this.#open(key, address, port);
      back.send(packet, this.#target, "127.0.0.1");
    });
  }

  /** `target`: a port on loopback. `host`: where clients find it. */
  static async start(target: number, host = "127.0.0.1"): Promise<UdpBalancer> {
    const front = createSocket("udp4");
    await new Promise<void>((resolve) => front.bind(0, host, resolve));
    return new UdpBalancer(front, target);
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** Sends everything to another port, as from a new client; what was on its way is lost. */
  move(target: number): void {
    this.#target = target;
    for (const back of this.#backs.values()) back.close();
    this.#backs.clear();
  }

  close(): void {
    this.move(this.#target);
    this.#front.close();
  }

  #open(key: string, address: string, port: number): Socket {
    const back = createSocket("udp4");
    back.on("error", () => undefined);
    back.on("message", (packet) => this.#front.send(packet, port, address));
    back.bind(0, "127.0.0.1");
    this.#backs.set(key, back);
    return back;
  }
}
