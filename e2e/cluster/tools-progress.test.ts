import assert from "node:assert/strict";
import { showProgress } from "./tools-progress.ts";

describe("progress", () => {
  const cases = [
    {
      name: "in a log is a line at the beginning and one at the end",
      isTTY: false,
      end: "done",
      expected: "building etcd v3 …\nbuilt etcd v3 in 25 s\n",
    },
    {
      name: "on a terminal is one line that is written over",
      isTTY: true,
      end: "done",
      expected: "\r\u001B[2Kbuilding etcd v3 … 0 s\r\u001B[2Kbuilt etcd v3 in 25 s\n",
    },
    {
      name: "tells a failure",
      isTTY: false,
      end: "failed",
      expected: "building etcd v3 …\nbuilding etcd v3 failed after 25 s\n",
    },
  ] as const;
  for (const { name, isTTY, end, expected } of cases) {
    it(name, () => {
      let written = "";
      let now = 0;
      const progress = showProgress("etcd v3", { write: (text) => (written += text), isTTY }, () => now);
      now = 25_000;
      progress[end]();
      assert.equal(written, expected);
    });
  }
});
