import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { Memory } from "./memory.ts";

describe("what is remembered of services", () => {
  let changes: number;
  let memory: Memory;
  beforeEach(() => {
    changes = 0;
    memory = new Memory({ clock: new FakeClock(), onSharedChange: () => changes++ });
  });
  const service = sampleService();

  it("is one record until the service is forgotten", () => {
    const record = memory.of("media/upscaler", "u-1");
    assert.equal(memory.of("media/upscaler", "u-1"), record);
    memory.forget("media/upscaler");
    assert.equal(memory.find("media/upscaler"), undefined);
    assert.deepEqual([...memory.keys()], []);
  });

  it("is not inherited by another service of the same name", () => {
    const record = memory.of("media/upscaler", "u-1");
    record.isEnteringRollout = true;
    assert.notEqual(memory.of("media/upscaler", "u-2"), record);
    assert.deepEqual(memory.enteringRollouts(), []);
  });

  it("keeps the last valid service, whose children still run", () => {
    memory.keep(memory.of("media/upscaler", "u-1"), service);
    memory.of("media/invalid", "u-2");
    assert.deepEqual(memory.services(), [service]);
  });

  it("reports a change of what is requested of DCGM exporters, and no other", () => {
    const record = memory.of("media/upscaler", "u-1");
    const seen = [changes];
    const without = { ...service, gpu: { ...service.gpu, count: 0 } };
    for (const one of [service, { ...service, image: "another" }, without]) {
      memory.keep(record, one);
      seen.push(changes);
    }
    for (let time = 0; time < 2; time++) {
      memory.forget("media/upscaler");
      seen.push(changes);
    }
    assert.deepEqual(seen, [1, 2, 2, 3, 4, 4]);
  });
});
