/** What `make release` publishes, with small files instead of images, which have their own tests. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installYaml } from "@gpumedia/install/src/manifests.ts";
import { parseAllDocuments } from "yaml";
import { chart, Helm, helmTools, kubernetes } from "./helm.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const program = join(root, "images/src/release.main.ts");

interface Manifest {
  readonly version: string;
  readonly workspaces: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifest = async (workspace: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(root, workspace, "package.json"), "utf8")) as Manifest;
const { version, workspaces } = await manifest(".");
const processor = await manifest("workload");
const image = (name: string, of: string): readonly string[] =>
  ["cdx.json", "oci.tar.gz"].map(
    (kind) => `${name}-${of}-linux-${process.arch === "x64" ? "amd64" : process.arch}.${kind}`,
  );

await helmTools();

describe("a release", () => {
  let folder: string;
  let release: string;
  let helm: Helm;

  async function publish(output: string, timeZone: string): Promise<void> {
    const parameters = ["--images", join(folder, "images"), "--output", output];
    await run(process.execPath, [program, ...parameters], { env: { ...process.env, TZ: timeZone } });
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gpumedia-release-spec-"));
    release = join(folder, "release");
    await mkdir(join(folder, "images"));
    for (const name of ["operator", "processor-cpu", "processor-cuda"]) {
      for (const kind of ["tar", "cdx.json"]) await writeFile(join(folder, "images", `${name}.${kind}`), name);
    }
    await publish(release, "UTC");
    helm = await Helm.start("helm", "/nowhere");
  });
  after(async () => {
    await helm?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it("has all files that are published, and correct checksums", async () => {
    assert.deepEqual((await readdir(release)).toSorted(), [
      "SHA256SUMS",
      "crds.yaml",
      `gpumedia-operator-${version}.tgz`,
      "install.yaml",
      `kubectl-gpumedia-${version}.tar.gz`,
      ...image("operator", version),
      ...image("processor-cpu", processor.version),
      ...image("processor-cuda", processor.version),
    ]);
    const { stdout } = await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: release });
    assert.equal(stdout.trim().split("\n").length, (await readdir(release)).length - 1);
  });

  it("has the same bytes when it is built again", async () => {
    await publish(join(folder, "again"), "Asia/Tokyo");
    const sums = (of: string): Promise<string> => readFile(join(of, "SHA256SUMS"), "utf8");
    assert.equal(await sums(join(folder, "again")), await sums(release));
  });

  it("has the manifests and the CRDs of this tree", async () => {
    assert.equal(await readFile(join(release, "install.yaml"), "utf8"), installYaml(version));
    const crds = parseAllDocuments(await readFile(join(release, "crds.yaml"), "utf8")).map(
      (document) => `${(document.toJS() as { metadata: { name: string } }).metadata.name}.yaml`,
    );
    assert.deepEqual(crds, (await readdir(join(root, "crds"))).toSorted());
  });

  it("has a chart that renders like its directory", async () => {
    const render = (of: string): Promise<string> => helm.run("template", "some", of, kubernetes);
    assert.equal(await render(join(release, `gpumedia-operator-${version}.tgz`)), await render(chart));
  });

  it("has the kubectl plugin, which needs only Node", async () => {
    const tools = join(folder, "tools");
    await mkdir(tools);
    await run("tar", ["-xzf", join(release, `kubectl-gpumedia-${version}.tar.gz`), "-C", tools]);
    const plugin = join(tools, "kubectl-gpumedia/kubectl-gpumedia");
    const { stdout } = await run(plugin, ["render", "-f", join(root, "examples/minimal.yaml")]);
    assert.match(stdout, /^kind: Deployment$/m);
  });

  it("has one version, except for the processor, whose new versions restart all services", async () => {
    const found = await Promise.all(
      workspaces.map(async (workspace) => {
        const { version: own, dependencies = {} } = await manifest(workspace);
        const ours = Object.entries(dependencies).filter(([name]) => name.startsWith("@gpumedia/"));
        return [workspace, own, ...ours.map(([, required]) => required)];
      }),
    );
    const others = found.filter(([workspace]) => workspace !== "workload");
    assert.deepEqual(
      others.flatMap(([workspace, ...versions]) =>
        versions.filter((of) => of !== version).map((of) => `${workspace} ${of}`),
      ),
      [],
    );
  });
});
