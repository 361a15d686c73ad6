/** Starts a cluster with a real node, says where it is, and never stops it: it is there to be killed. */
import { startCluster } from "../../cluster/cluster.ts";

const cluster = await startCluster({ realNode: true });
await cluster.addRealNode();
process.stdout.write(`${cluster.directory}\n`);
setInterval(() => {}, 2 ** 30);
