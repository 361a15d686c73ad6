/** Answers for every pod of the benchmark: 127.0.0.0/8 is one machine. Says its port, and ends with its parent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sampleReport } from "@gpumedia/operator/src/utilization/report.sample.ts";

const body = JSON.stringify(sampleReport);
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
server.listen({ host: "0.0.0.0", port: 0, backlog: 4_096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on("end", () => process.exit());
