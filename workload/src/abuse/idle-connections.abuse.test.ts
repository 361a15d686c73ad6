/** Ten thousand clients that connect and send nothing, or an incomplete header. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { processorProcess } from "./processor-process.ts";
import { RawConnection } from "../testing/raw-connection.ts";

/** Returns how many connections the limit on open files allows, less those that each process needs for itself. */
function possibleConnections(): number {
  const limit = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  return Math.min(10_000, limit === "unlimited" ? 10_000 : Number(limit) - 500);
}

describe("idle connections", () => {
  const count = possibleConnections();

  it(`${count} of them, half within a header, do not prevent other requests`, async () => {
    await using processor = await processorProcess({
      // A slow machine needs more than a minute to open all of them.
      GPUMEDIA_LIMITS_HEADERS_TIMEOUT: "600s",
      GPUMEDIA_LIMITS_BODY_TIMEOUT: "600s",
    });
    const before = processor.residentBytes();
    const connections: RawConnection[] = [];
    while (connections.length < count) {
      // More at once than the kernel's backlog holds would wait for retransmissions.
      const batch = Math.min(200, count - connections.length);
      connections.push(
        ...(await Promise.all(Array.from({ length: batch }, async () => RawConnection.open(processor.port)))),
      );
    }
    for (const [index, connection] of connections.entries()) {
      if (index % 2 === 0) await connection.send("POST /v1/process HTTP/1.1\r\nHost: x\r\n");
    }
    const responses = await Promise.all(Array.from({ length: 50 }, async () => fetch(`${processor.url}/livez`)));
    assert.ok(responses.every(({ status }) => status === 200));
    assert.ok(connections.every(({ socket }) => !socket.destroyed));
    const bytesEach = (processor.residentBytes() - before) / count;
    assert.ok(bytesEach < 32 * 1024, `${Math.round(bytesEach)} bytes a connection`);
    for (const connection of connections) connection.reset();
    const again = await fetch(`${processor.url}/livez`);
    assert.equal(again.status, 200);
  });
});
