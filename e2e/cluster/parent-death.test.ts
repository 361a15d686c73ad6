import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dyingWithParent } from "./parent-death.ts";

describe("a command that dies with its parent", () => {
  it("runs under the setpriv on the PATH, or unchanged", async () => {
    const directory = await mkdtemp(join(tmpdir(), "path-"));
    try {
      assert.deepEqual(dyingWithParent(["etcd", "--name=a"], `${directory}:/nowhere`), ["etcd", "--name=a"]);
      const setpriv = join(directory, "setpriv");
      await writeFile(setpriv, "", { mode: 0o755 });
      assert.deepEqual(dyingWithParent(["etcd", "--name=a"], `/nowhere:${directory}`), [
        setpriv,
        "--pdeathsig",
        "KILL",
        "--",
        "etcd",
        "--name=a",
      ]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
