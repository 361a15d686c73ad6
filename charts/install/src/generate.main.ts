/** Writes the chart's generated files and `dist/install.yaml`. */
import { readFile } from "node:fs/promises";
import { writeGenerated } from "@gpumedia/api/src/generated.ts";
import manifest from "../package.json" with { type: "json" };
import { chartFiles, withValuesTable } from "./chart.ts";
import { installYaml } from "./manifests.ts";

const chart = "charts/gpumedia-operator";
const { version } = manifest;
const readme = await readFile(new URL("../../gpumedia-operator/README.md", import.meta.url), "utf8");
const files = new Map([...chartFiles(version)].map(([path, text]) => [`${chart}/${path}`, text]));
files.set(`${chart}/README.md`, withValuesTable(readme));
// Not committed, as it would be a third copy of the CRDs; a release has it.
if (!process.argv.includes("--check")) files.set("dist/install.yaml", installYaml(version));
await writeGenerated(files, [`${chart}/files/crds`]);
