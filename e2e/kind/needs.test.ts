import assert from "node:assert/strict";
import { missingForKind } from "./needs.ts";

describe("what make kind takes", () => {
  it("is named, one line for each program that does not run", async () => {
    assert.deepEqual(await missingForKind(async () => true), []);
    assert.deepEqual(await missingForKind(async ([program]) => program !== "docker"), [
      "docker does not run; wanted is a running Docker engine: https://docs.docker.com/engine/install",
    ]);
  });
});
