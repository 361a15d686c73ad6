/**
 * The inner end of the tunnel into a private network: connects a client to the `HOST PORT` in its first line.
 *
 *     node tunnel.main.ts SOCKET
 */
import { createConnection, createServer, type Socket } from "node:net";
import { joined } from "./joined.ts";

const [socket = ""] = process.argv.slice(2);
const longestLine = 300;

createServer({ allowHalfOpen: true }, (client) => {
  client.on("error", () => {});
  let head = Buffer.alloc(0);
  client.on("data", function read(chunk) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\n");
    if (end < 0) {
      if (head.length > longestLine) client.destroy();
      return;
    }
    client.off("data", read);
    client.pause();
    connectTo(client, head.toString("latin1", 0, end), head.subarray(end + 1));
  });
}).listen(socket);

function connectTo(client: Socket, address: string, sent: Buffer): void {
  const [host = "", port] = address.split(" ");
  const target = createConnection({ host, port: Number(port), allowHalfOpen: true });
  if (sent.length > 0) target.write(sent);
  joined(client, target);
}
