import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { buildOnce } from "./tools-build.ts";
import type { Family } from "./tools-families.ts";
import { until } from "./until.ts";

const quiet = { write: () => {} };

/** What a `go` of ours does in place of the real one; it is called with `build … -o FILE PACKAGE`. */
const fakes = {
  /** Notes each call, and takes its time. */
  builds: 'echo called >> calls; sleep 0.2; printf "#!/bin/sh\\necho $7" > "$6"',
  fails: 'echo "main.go:1: no such thing" >&2; exit 1',
  /** Writes half of the file and goes on for ever. */
  isSlow: 'printf half > "$6"; exec sleep 600',
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
  const build = (): Promise<string> => buildOnce(family, "program", cache(), quiet);

  it("happens once for all who ask at the same time, and for later ones", async () => {
    await withGo(fakes.builds);
    const program = join(cache(), "program");
    assert.deepEqual(await Promise.all([build(), build(), build()]), [program, program, program]);
    assert.equal(await build(), program);
    assert.equal(await readFile(program, "utf8"), "#!/bin/sh\necho example.com/program");
    assert.equal(await readFile(join(directory, "calls"), "utf8"), "called\n");
  });

  it("says what the compiler said when it fails, and tries again next time", async () => {
    await withGo(fakes.fails);
    await assert.rejects(build(), { name: "ToolError", message: /go build failed in .*:\nmain\.go:1: no such thing/ });
    assert.deepEqual(await readdir(cache()), []);
    await withGo(fakes.builds);
    await build();
  });

  it("says how to get go where there is none", async () => {
    process.env.PATH = directory;
    await assert.rejects(build(), {
      name: "ToolError",
      message: /^go is not on the PATH.*\n.*https:\/\/go\.dev\/dl\//,
    });
  });

  it("says how to get go where there is none, with setpriv as well", async () => {
    await writeFile(join(directory, "setpriv"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
    process.env.PATH = directory;
    await assert.rejects(build(), { name: "ToolError", message: /^go is not on the PATH/ });
  });

  it("leaves nothing that could be taken for the program when it is killed, and starts anew", async () => {
    await withGo(fakes.isSlow);
    const script = `import { buildOnce } from ${JSON.stringify(new URL("tools-build.ts", import.meta.url).href)};
      await buildOnce(${JSON.stringify(family)}, "program", ${JSON.stringify(cache())});`;
    const killed = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
    const unfinished = `.program.${killed.pid}`;
    await until("half of the program", async () =>
      (await readdir(cache()).catch((): string[] => [])).includes(unfinished) ? true : undefined,
    );
    killed.kill("SIGKILL");
    await once(killed, "exit");
    await assert.rejects(access(join(cache(), "program")));
    await withGo(fakes.builds);
    await build();
    assert.deepEqual(await readdir(cache()), ["program"]);
  });
});
