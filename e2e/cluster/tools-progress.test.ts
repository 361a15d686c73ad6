import assert from "node:assert/strict";
import { showProgress, type Progress } from "./tools-progress.ts";

const clear = "\r\u001B[2K";

describe("the progress of a build", () => {
  const cases: readonly {
    readonly name: string;
    readonly isTTY: boolean;
    readonly steps: readonly (readonly [atMs: number, step: (progress: Progress) => void])[];
    readonly expected: string;
  }[] = [
    {
      name: "is a line per tenth in a log, with the time left",
      isTTY: false,
      steps: [
        [1_000, ({ update }) => update(0.01)],
        [30_000, ({ update }) => update(0.1)],
        [31_000, ({ update }) => update(0.11)],
        [90_000, ({ update }) => update(0.375)],
        [240_000, ({ done }) => done()],
      ],
      expected:
        "building etcd v3\n" +
        "building etcd v3: 10 %, about 4 min 30 s left\n" +
        "building etcd v3: 37 %, about 2 min 30 s left\n" +
        "built etcd v3 in 4 min\n",
    },
    {
      name: "is one line on a terminal, and never more than 99 % before the end",
      isTTY: true,
      steps: [
        [25_000, ({ update }) => update(1.2)],
        [25_000, ({ done }) => done()],
      ],
      expected: `${clear}building etcd v3: 0 s${clear}built etcd v3 in 25 s\n`,
    },
    {
      name: "ends with a failure",
      isTTY: false,
      steps: [[25_000, ({ failed }) => failed()]],
      expected: "building etcd v3\nbuilding etcd v3 failed after 25 s\n",
    },
  ];
  for (const { name, isTTY, steps, expected } of cases) {
    it(name, () => {
      let written = "";
      let now = 0;
      const progress = showProgress("etcd v3", { write: (text) => (written += text), isTTY }, () => now);
      for (const [atMs, step] of steps) {
        now = atMs;
        step(progress);
      }
      assert.equal(written, expected);
    });
  }
});
