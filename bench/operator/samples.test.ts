import assert from "node:assert/strict";
import { Samples } from "./samples.ts";

const before = Samples.parse(`# HELP reconciles Reconciles
# TYPE reconciles counter
reconciles{controller="a",result="success"} 3
reconciles{controller="a",result="error"} 1
reconciles_more 9
reconciles{controller="b",result="success"} 5
rss 1.5e+3
took_bucket{controller="a",le="0.1"} 2
took_bucket{controller="a",le="+Inf"} 4
`);

describe("samples of a metrics page", () => {
  it("are summed by name and labels", () => {
    const sums = [
      before.sum("reconciles"),
      before.sum("reconciles", 'controller="a"'),
      before.sum("reconciles", 'controller="a"', 'result="error"'),
      before.sum("rss"),
      before.sum("absent"),
    ];
    assert.deepEqual(sums, [9, 4, 1, 1500, 0]);
  });

  it("of a histogram are counted since an earlier page", () => {
    const after = Samples.parse('took_bucket{controller="a",le="0.1"} 12\ntook_bucket{controller="a",le="+Inf"} 24\n');
    assert.deepEqual(after.bucketsSince(before, "took", 'controller="a"'), [
      [0.1, 10],
      [Infinity, 20],
    ]);
  });
});
