/** Starts a cluster with a real node, prints its directory, and runs until it is killed. */
import { startCluster } from "../../cluster/cluster.ts";

const cluster = await startCluster({ realNode: true });
await cluster.addRealNode();
process.stdout.write(`${cluster.directory}\n`);
setInterval(() => {}, 2 ** 30);
