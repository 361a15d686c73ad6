import assert from "node:assert/strict";
import { createSteps } from "./steps.ts";

describe("the steps of the demo", () => {
  const clear = "\r\u001B[2K";
  const cases = [
    { isTTY: false, written: "    half way\n✓ boot (1.5 s)\n\n$ kubectl get gms\nNAME\n" },
    { isTTY: true, written: `… boot${clear}    half way\n… boot${clear}✓ boot (1.5 s)\n\n$ kubectl get gms\nNAME\n` },
  ];
  for (const { isTTY, written } of cases) {
    it(`are printed ${isTTY ? "on a terminal" : "in a log"}`, async () => {
      let text = "";
      let now = 0;
      const { step, detail, command } = createSteps({ isTTY, write: (more) => (text += more) }, () => now);
      const answer = await step("boot", async () => {
        detail("half way");
        now = 1_500;
        return "booted";
      });
      command("kubectl get gms", "NAME\n\n");
      assert.deepEqual([answer, text], ["booted", written]);
    });
  }

  it("wrap at the edge of a terminal", async () => {
    let text = "";
    const { detail } = createSteps({ write: (more) => (text += more) }, () => 0);
    detail(`${"word ".repeat(30)}end`);
    assert.equal(text, `    ${"word ".repeat(19).trimEnd()}\n    ${"word ".repeat(11)}end\n`);
  });

  it("are marked when they fail, and pass the error to the caller", async () => {
    let text = "";
    const { step } = createSteps({ write: (more) => (text += more) }, () => 0);
    await assert.rejects(
      step("boot", async () => {
        throw new Error("no");
      }),
      /^Error: no$/,
    );
    assert.equal(text, "✗ boot (0.0 s)\n");
  });
});
