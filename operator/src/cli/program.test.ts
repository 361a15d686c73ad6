import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { notServable } from "./commands/render.ts";
import { files, gpumedia, service, profile } from "./program.fake.ts";

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const exampleFiles = (await readdir(examples)).filter((name) => name.endsWith(".yaml"));

describe("gpumedia render and explain", () => {
  for (const command of ["render", "explain"]) {
    it(`${command} prints findings and exits with 1`, async () => {
      assert.deepEqual(await gpumedia([command, "-f", "-"], service("a", "gpu: 1")), {
        code: 1,
        out: "",
        err: "<stdin>:5:8: spec.gpu: is 1, but must be a mapping\n",
      });
    });

    it(`${command} requires the profile`, async () => {
      assert.deepEqual(await gpumedia([command, "-f", "-"], service("a", "profile: big")), {
        code: 1,
        out: "",
        err: "GpuMediaService a: profile big does not exist: create a GpuMediaProfile with that name, or use development, staging or production; --profiles FILE reads it\n",
      });
    });
  }
});

describe("a usage error", () => {
  const cases: readonly (readonly [argv: readonly string[], message: string])[] = [
    [["validate"], "no files given: use -f FILE, or -f - for standard input"],
    [["validate", "--flie", "x"], "unknown option '--flie'"],
    [["validate", "-f", "/nowhere.yaml"], "/nowhere.yaml: no such file or directory"],
    [["validate", "-f", "-", "-f", "-"], "-f - can be given only once"],
    [["validte", "-f", "-"], "unknown command 'validte' (Did you mean validate?)"],
    [["explain", "-f", "-", "--colour"], "unknown option '--colour'"],
    [["explain", "-f", "-", "--only", "drain.time"], "no value at drain.time"],
    [["top", "-A", "upscaler"], "service names require one namespace: use -n instead of -A"],
    [["top", "-A", "-n", "media"], "-n and -A are mutually exclusive"],
    [
      ["explain", "-f", "-", "-o", "yaml"],
      "option '-o, --output <format>' argument 'yaml' is invalid. Allowed choices are table, json",
    ],
    [
      ["render", "-f", "-", "--not-served", "Ingress"],
      `option '--not-served <list>' argument 'Ingress' is invalid. Ingress is not one of ${notServable.join(", ")}`,
    ],
  ];
  for (const [argv, message] of cases) {
    it(`${argv.join(" ")} exits with 2 and one line`, async () => {
      assert.deepEqual(await gpumedia(argv, service("a")), {
        code: 2,
        out: "",
        err: `gpumedia: ${message}; see 'gpumedia --help' for usage\n`,
      });
    });
  }

  it("reports files without a service, and a directory without files", async () => {
    const root = await files({ "a.txt": "x" });
    assert.deepEqual(
      [await gpumedia(["render", "-f", "-"], profile("team")), await gpumedia(["validate", "-f", root])],
      [
        { code: 2, out: "", err: "gpumedia: no GpuMediaService in -; see 'gpumedia --help' for usage\n" },
        {
          code: 2,
          out: "",
          err: `gpumedia: ${root}: the directory has no .yaml, .yml or .json files; see 'gpumedia --help' for usage\n`,
        },
      ],
    );
  });

  it("prints the help and exits with 2 without a command", async () => {
    const { code, out, err } = await gpumedia([]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^Usage: gpumedia /);
  });
});

describe("help", () => {
  for (const argv of [["--help"], ["validate", "--help"], ["explain", "-h"], ["render", "--help"], ["top", "--help"]]) {
    it(argv.join(" "), async () => {
      const { code, out, err } = await gpumedia(argv, "", 80);
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, /^Usage: gpumedia /);
      assert.ok(out.split("\n").every((line) => line.length <= 80));
    });
  }

  it("--version", async () => assert.deepEqual(await gpumedia(["--version"]), { code: 0, out: "1.2.3\n", err: "" }));
});

describe("examples/", () => {
  for (const file of exampleFiles) {
    const hasService = readFileSync(join(examples, file), "utf8").includes("kind: GpuMediaService\n");
    for (const command of ["validate", ...(hasService ? ["explain", "render"] : [])]) {
      it(`${command} -f ${file}`, async () => {
        const { code, err } = await gpumedia([command, "-f", join(examples, file)]);
        assert.equal(code, 0, err);
      });
    }
  }
});
