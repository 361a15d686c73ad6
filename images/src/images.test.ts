/** The images of `make images`: their contents, and that their programs run as in pods. */
import assert from "node:assert/strict";
import { execFile, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SourceMap, type SourceMapPayload } from "node:module";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { filesBelow, sha256 } from "./files.ts";
import { packagesBeside, programs } from "./images.ts";
import { start, unpack, whyNoContainers, type Unpacked } from "./testing/container.ts";
import { manifestOf, root } from "./tree.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("main.ts", import.meta.url));
const outputs = ["operator.tar", "operator.cdx.json", "processor-cpu.tar", "processor-cpu.cdx.json"];
const photograph = join(root, "workload/testdata/flower.jpg");

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
}

describe("the wheels of CUDA", () => {
  it("have the provider for the installed onnxruntime-node", async () => {
    const wheels = await readFile(join(root, "images/cuda-requirements.txt"), "utf8");
    const { version } = await manifestOf("node_modules/onnxruntime-node");
    assert.ok(wheels.includes(`\nonnxruntime-gpu==${version} --hash=sha256:`), version);
  });
});

describe("the bundles of an image without native packages", () => {
  // semver is a package of sharp's: the operator's image, which imports it too, once lacked it, and its pods did not start.
  it("contain all that they import, and those of the processor do not contain native code", () => {
    assert.deepEqual(packagesBeside(programs.operator, "linux", "x64"), []);
    assert.ok(packagesBeside(programs.processor, "linux", "x64").includes("sharp"));
  });
});

describe("images", function () {
  // Packs all dependencies, twice.
  this.timeout(600_000);
  let folder: string;
  let operator: Unpacked;
  let processor: Unpacked;
  let noContainers: string | undefined;

  before(async function () {
    const noPackages = await whyNoPackages();
    if (noPackages !== undefined) {
      process.stdout.write(`    no images: ${noPackages}\n`);
      this.skip();
    }
    // Many machines do not allow programs below /tmp.
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache/images-"));
    await assemble(join(folder, "first"));
    operator = await unpack(join(folder, "first/operator.tar"), join(folder, "operator"));
    processor = await unpack(join(folder, "first/processor-cpu.tar"), join(folder, "processor"));
    noContainers = await whyNoContainers(folder);
  });
  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  function needContainers(context: Mocha.Context): void {
    if (noContainers === undefined) return;
    process.stdout.write(`    no containers: ${noContainers}\n`);
    context.skip();
  }

  it("are reproducible", async () => {
    const second = join(folder, "second/deeper");
    await assemble(second, "077", "Asia/Tokyo");
    const digests = async (output: string): Promise<readonly string[]> =>
      Promise.all(outputs.map((name) => sha256(join(output, name))));
    assert.deepEqual(await digests(second), await digests(join(folder, "first")));
  });

  it("have an operator of at most 150 MB", async () => {
    const { size } = await stat(join(folder, "first/operator.tar"));
    assert.ok(size <= 150e6, `${size} bytes`);
  });

  it("have no shell, no setuid programs, no world-writable files and no files of other platforms", async () => {
    for (const image of [operator, processor]) {
      const files = await filesBelow(image.root);
      assert.deepEqual(
        files.filter((file) => /(^|\/)(sh|bash|apt|dpkg)$|darwin|win32|arm64|musl|\.d\.[cm]?ts$/.test(file)),
        [],
      );
      const modes = await Promise.all(
        files.map(async (file) => ({ file, mode: (await lstat(join(image.root, file))).mode })),
      );
      assert.deepEqual(
        modes.filter(({ mode }) => (mode & 0o170000) !== 0o120000 && (mode & 0o6022) !== 0),
        [],
      );
    }
  });

  for (const name of ["operator", "processor-cpu"] as const) {
    describe(`the bill of materials of ${name}`, () => {
      let bill: string;
      before(async () => {
        bill = await readFile(join(folder, `first/${name}.cdx.json`), "utf8");
      });

      it("is CycloneDX", async () => {
        const findings = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bill);
        assert.equal(findings, null);
      });

      it("lists exactly the packages in the image", async () => {
        const listed = (JSON.parse(bill) as Bill).components.map(
          (component) => `${component.name}@${component.version}`,
        );
        const image = name === "operator" ? operator : processor;
        const own = await manifestOf(name === "operator" ? "operator" : "workload");
        const present = [`${own.name}@${own.version}`, `node@${process.versions.node}`];
        present.push(...(await debianPackages(image.root)), ...(await npmPackages(image.root)));
        assert.deepEqual(listed.toSorted(), present.toSorted());
      });
    });
  }

  it("have bundles whose source maps lead to this tree", async () => {
    const bundle = join(operator.root, "app/operator/src/main.js");
    const lines = (await readFile(bundle, "utf8")).split("\n");
    const line = lines.findIndex((code) => code.startsWith("async function reconcileService("));
    assert.notEqual(line, -1, "names are as they were written");
    const map = new SourceMap(JSON.parse(await readFile(`${bundle}.map`, "utf8")) as SourceMapPayload);
    const entry = map.findEntry(line, 0);
    assert.equal("originalSource" in entry ? entry.originalSource : undefined, "operator/src/reconcile/service.ts");
  });

  it("run the operator", async function () {
    needContainers(this);
    assert.match(await outputOf(start(operator, ["gpumedia-operator", "--help"])), /^Usage: gpumedia-operator /);
    const complaint = await outputOf(start(operator, ["gpumedia-operator", "--kubeconfig=/nowhere"]));
    assert.match(complaint, /\/nowhere/);
  });

  it("run the processor on a photograph, as a user without root, without output on standard error", async function () {
    needContainers(this);
    const running = start(processor, ["gpumedia-processor"], {
      GPUMEDIA_LISTEN_HOST: "127.0.0.1",
      GPUMEDIA_LISTEN_PORT: "0",
      GPUMEDIA_LOG_LEVEL: "info",
      GPUMEDIA_WORKERS: "1",
      // It does not start without the codec of live video.
      GPUMEDIA_LIVE_ENABLED: "true",
      GPUMEDIA_LIVE_UDP_PORT: "0",
    });
    try {
      const { url, log } = await listening(running);
      while ((await fetch(`${url}/readyz`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
      const answer = await fetch(`${url}/v1/process`, {
        method: "POST",
        headers: { "content-type": "image/jpeg" },
        body: await readFile(photograph),
      });
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "image/jpeg"]);
      const tester = start(processor, ["gpumedia-loadtest", `--url=${url}`, "--requests=4", "--concurrency=1"]);
      assert.match(await outputOf(tester), /PASSED/);
      running.kill("SIGTERM");
      assert.deepEqual(await once(running, "exit"), [0, null]);
      // Libraries report missing or read-only files on standard error.
      assert.deepEqual(
        log.filter((line) => !line.startsWith('{"level":"info"')),
        [],
      );
    } finally {
      running.kill("SIGKILL");
    }
  });
});

/** apt's error; undefined if this machine can download Debian packages. */
async function whyNoPackages(): Promise<string | undefined> {
  const probe = await mkdtemp(join(tmpdir(), "gpumedia-apt-"));
  const download = run("apt-get", ["download", "base-files"], { cwd: probe }).then(() =>
    run("dpkg-deb", ["--version"]),
  );
  const why = await download.then(
    () => undefined,
    ({ message }: Error) => message,
  );
  await rm(probe, { recursive: true });
  return why;
}

/** Umask and time zone differ between machines. */
async function assemble(output: string, umask = "022", timeZone = "UTC"): Promise<void> {
  const command = `umask ${umask}; exec "$0" "$1" --output "$2"`;
  await run("sh", ["-c", command, process.execPath, program, output], { env: { ...process.env, TZ: timeZone } });
}

/** Resolves when the processor logs its URL; `log` continues to grow. */
async function listening({ stderr }: ChildProcess): Promise<{ readonly url: string; readonly log: string[] }> {
  assert.ok(stderr);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const log: string[] = [];
  createInterface({ input: stderr })
    .on("line", (line) => {
      log.push(line);
      const url = /"url":"([^"]+)"/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    })
    .on("close", () => reject(new Error(`the processor exited:\n${log.join("\n")}`)));
  return { url: await promise, log };
}

/** The output on both streams, until it exits. */
async function outputOf({ stdout, stderr }: ChildProcess): Promise<string> {
  assert.ok(stdout && stderr);
  return (await Promise.all([text(stdout), text(stderr)])).join("");
}

async function debianPackages(image: string): Promise<readonly string[]> {
  const folder = join(image, "var/lib/dpkg/status.d");
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((status) =>
    ["Package", "Version"].map((field) => new RegExp(`^${field}: (.*)$`, "m").exec(status)?.[1]).join("@"),
  );
}

/** The installed packages, and those in the bundles' source maps. */
async function npmPackages(image: string): Promise<readonly string[]> {
  const files = await filesBelow(join(image, "app"));
  const folders = new Set(
    files
      .filter((file) => /^node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
      .map((file) => file.replace("/package.json", "")),
  );
  for (const file of files.filter((name) => name.endsWith(".map"))) {
    const { sources } = JSON.parse(await readFile(join(image, "app", file), "utf8")) as {
      readonly sources: readonly string[];
    };
    for (const source of sources) {
      const folder = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(source)?.[0];
      if (folder !== undefined) folders.add(folder);
    }
  }
  const names = await Promise.all(
    [...folders].map(async (folder) => {
      const { name, version } = await manifestOf(folder);
      return `${name}@${version}`;
    }),
  );
  return [...new Set(names)];
}
