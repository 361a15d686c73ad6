/** The pages about the processor, with a processor, the load-test client and mock GPUs. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../docs/pages.ts";
import { mockLibrary } from "../../../workload/gpu-mock/library.ts";
import { mockGpu, writeState } from "../../../workload/gpu-mock/state.ts";
import { assertMetricsListed } from "./metrics-page.ts";
import { openStage } from "./stage.ts";
import { pagesBySpec } from "../../docs/excuses.ts";
import { serve, runPage, type Scenes, type Stage } from "./run-page.ts";

const scenes: Scenes<Stage> = {
  "docs/load-test.md": (stage) => serve("npx gpumedia-processor", stage),
  "docs/processor-api.md": (stage) => picture(stage, "photo.jpg"),
};

async function picture({ shell }: Stage, name: string): Promise<void> {
  await copyFile(join(root, "workload/testdata/flower.jpg"), join(shell.directory, name));
}

describe("the pages about the processor", () => {
  it("docs/metrics.md lists the processor's metrics", async () => {
    await using stage = await openStage();
    await serve("npx gpumedia-processor", stage);
    await assertMetricsListed(`http://127.0.0.1:${stage.port}`, "Processor");
  });

  for (const page of pagesBySpec.processing) {
    it(`the commands of ${page} work`, async function () {
      const library = mockLibrary();
      // The page shows GPU figures, which need the compiled mock.
      if (library.kind === "no-compiler" && page === "docs/gpu.md") this.skip();
      const gpus = library.kind === "built" ? { LD_LIBRARY_PATH: library.folder } : {};
      await using stage = await openStage({ ...gpus, GPUMEDIA_NVML_MOCK: "gpus" });
      writeState(join(stage.shell.directory, "gpus"), { gpus: [mockGpu(0), mockGpu(1)] });
      await runPage(page, stage, scenes);
    });
  }
});
