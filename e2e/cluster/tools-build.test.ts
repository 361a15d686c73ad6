import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { buildOnce } from "./tools-build.ts";
import type { Family } from "./tools-families.ts";
import { until } from "./until.ts";

/** Scripts in place of go; called as `go list …`, then as `go build -v … -o FOLDER PACKAGE`. */
const fakes = {
  builds: `if [ $1 = list ]; then echo "example.com/program 50"; exit; fi
    echo called >> calls; sleep 0.2; echo "example.com/program" >&2
    while [ "$1" != -o ]; do shift; done
    printf "#!/bin/sh\\necho $3" > "$2/program"`,
  fails: '[ $1 = list ] && exit; printf "example.com/program\\nmain.go:1: no such thing\\n" >&2; exit 1',
  /** Writes half of the file and does not exit. */
  hangs: '[ $1 = list ] && exit; while [ "$1" != -o ]; do shift; done; printf half > "$2/program"; exec sleep 600',
};

describe("building a program", () => {
  let directory = "";
  let family: Family;
  const path = process.env.PATH;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tools-"));
    const packages = { program: "example.com/program" };
    family = { directory, version: "v1.0.0", key: "family", packages, ldflags: "-s -w" };
  });
  afterEach(async () => {
    process.env.PATH = path;
    await rm(directory, { recursive: true });
  });

  async function withGo(script: string): Promise<void> {
    await writeFile(join(directory, "go"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env.PATH = `${directory}${delimiter}${path}`;
  }

  const cache = (): string => join(directory, "cache");
  const program = (): string => join(cache(), "program");
  let shown = "";
  const build = (): Promise<void> => buildOnce(family, ["program"], cache(), { write: (text) => (shown += text) });

  it("happens once for several callers at a time, and for later ones, and shows its progress", async () => {
    await withGo(fakes.builds);
    shown = "";
    await Promise.all([build(), build(), build()]);
    await build();
    assert.equal(await readFile(program(), "utf8"), "#!/bin/sh\necho example.com/program");
    assert.equal(await readFile(join(directory, "calls"), "utf8"), "called\n");
    assert.match(
      shown,
      /^building program v1\.0\.0\nbuilding program v1\.0\.0: 25 %, about \d+ s left\nbuilt program v1\.0\.0 in \d+ s\n$/,
    );
  });

  it("fails with the compiler's message, and starts again at the next call", async () => {
    await withGo(fakes.fails);
    await assert.rejects(build(), { name: "ToolError", message: /go build failed in .*:\nmain\.go:1: no such thing$/ });
    assert.deepEqual(await readdir(cache()), []);
    await withGo(fakes.builds);
    await build();
  });

  it("explains how to install go where it is missing", async () => {
    process.env.PATH = directory;
    await assert.rejects(build(), {
      name: "ToolError",
      message: /^go is not on the PATH.*\n.*https:\/\/go\.dev\/dl\//,
    });
  });

  it("explains how to install go where it is missing, with setpriv too", async () => {
    await writeFile(join(directory, "setpriv"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
    process.env.PATH = directory;
    await assert.rejects(build(), { name: "ToolError", message: /^go is not on the PATH/ });
  });

  it("leaves no half program when it is killed, and starts again", async () => {
    await withGo(fakes.hangs);
    const script = `import { buildOnce } from ${JSON.stringify(new URL("tools-build.ts", import.meta.url).href)};
      await buildOnce(${JSON.stringify(family)}, ["program"], ${JSON.stringify(cache())});`;
    const killed = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
    const unfinished = join(cache(), `.unfinished.${killed.pid}`);
    await until("half of the program", async () =>
      (await readdir(unfinished).catch((): string[] => [])).includes("program"),
    );
    killed.kill("SIGKILL");
    await once(killed, "exit");
    await assert.rejects(access(program()));
    await withGo(fakes.builds);
    await build();
    assert.deepEqual(await readdir(cache()), ["program"]);
  });
});
