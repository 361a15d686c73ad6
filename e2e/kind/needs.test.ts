import assert from "node:assert/strict";
import { missingForKind } from "./needs.ts";

describe("what make kind needs", () => {
  it("is listed, one line for each program that does not run", async () => {
    assert.deepEqual(await missingForKind(async () => true), []);
    assert.deepEqual(await missingForKind(async ([program]) => program !== "docker"), [
      'a running Docker engine: https://docs.docker.com/engine/install ("docker info" fails)',
    ]);
  });
});
