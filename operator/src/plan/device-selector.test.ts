import assert from "node:assert/strict";
import { sampleDevice } from "../observe/devices.sample.ts";
import type { DeviceView } from "../observe/resource-slice-view.ts";
import { selects } from "./device-selector.ts";

const driver = "dra.example.com";
const mine = `device.attributes["${driver}"]`;

describe("a selector of devices", () => {
  // Expected results: dynamic-resource-allocation/cel/compile_test.go of Kubernetes 1.35, unless a comment names another source.
  const cases: {
    readonly [expression: string]: {
      readonly device?: Partial<DeviceView>;
      /** A string is a part of the error. */
      readonly is: boolean | string;
    };
  } = {
    true: { is: true },
    false: { is: false },
    "?!": { is: "Unexpected" },
    "1": { is: "it does not return true or false" },
    [`device.attributes["no-such-domain"].noSuchAttr.isGreaterThan(quantity("0"))`]: { is: "No such key: noSuchAttr" },
    [`device.attributes["no-such-domain"]["noSuchAttr"].isGreaterThan(quantity("0"))`]: {
      is: "No such key: noSuchAttr",
    },
    [`"no-such-domain" in device.attributes`]: { is: false },
    [`"${driver}" in device.attributes`]: { is: true },
    [`device.driver == "${driver}"`]: { is: true },
    [`${mine}.name`]: { device: { attributes: { name: { bool: true } } }, is: true },
    [`${mine}["name"]`]: { device: { attributes: { name: { bool: true } } }, is: true },
    [`cel.bind(dra, ${mine}, dra.name)`]: { device: { attributes: { name: { bool: true } } }, is: true },
    'device.attributes["other.example.com"].name': {
      device: { attributes: { "other.example.com/name": { bool: true } } },
      is: true,
    },
    [`${mine}.name > 0`]: { device: { attributes: { name: { int: 1 } } }, is: true },
    [`${mine}.name == "fish"`]: { device: { attributes: { name: { string: "fish" } } }, is: true },
    [`${mine}.name.isGreaterThan(semver("0.0.1"))`]: {
      device: { attributes: { name: { version: "1.0.0" } } },
      is: true,
    },
    [`${mine}.name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`]: {
      device: { attributes: { name: { version: "1.0.0" } } },
      is: true,
    },
    'isSemver("v1.0.0")': { is: false },
    [`device.capacity["${driver}"].memory.isGreaterThan(quantity("1Ki"))`]: {
      device: { capacity: { memory: { value: "1Mi" } } },
      is: true,
    },
    [`"memory" in device.capacity["${driver}"] && device.capacity["${driver}"].memory.isGreaterThan(quantity("1Ki"))`]:
      {
        device: { capacity: { memory: { value: "1Mi" } } },
        is: true,
      },
    [`!("x" in device.capacity["${driver}"]) || device.capacity["${driver}"].x.isGreaterThan(quantity("1Ki"))`]: {
      is: true,
    },
    [`${mine}.services.split("example").size() >= 2`]: {
      device: { attributes: { services: { string: "some_example_value" } } },
      is: true,
    },
    [`${mine}.services.matches("[^a]?sym")`]: {
      device: { attributes: { services: { string: "asymetric" } } },
      is: true,
    },
    "device.allowMultipleAllocations == true": { device: { isShareable: true }, is: true },
    "device.allowMultipleAllocations == false": { is: true },
    // cel-spec, "Field Selection": has(e.f) takes any e.
    [`has(${mine}.name)`]: { device: { attributes: { name: { int: 1 } } }, is: true },
    [`has(${mine}.other)`]: { is: false },
    // apiserver/pkg/cel/library/quantity.go
    [`device.capacity["${driver}"].memory.compareTo(quantity("80Gi")) == 0`]: { is: true },
    'quantity("50k").add(20).sub(quantity("100k")).sub(-50000) == quantity("20")': { is: true },
    'quantity("200K").isInteger()': { is: "200K is not a quantity" },
    // apiserver/pkg/cel/library/semverlib.go
    'semver("1.2.3").major() == 1 && semver("01.1", true).compareTo(semver("1.1.0")) == 0': { is: true },
    // Whoever may write a service must not be able to keep the operator busy.
    '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("^(a+)+$")': { is: "repeats too much" },
    '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" . matches ("a*a*a*a*b")': { is: "repeats too much" },
    '"aa".matches("(a)\\\\1")': { is: "repeats too much" },
    "[1, 2].all(x, [1, 2].all(y, x + y > 0))": { is: "it has 2 loops, of which the operator evaluates one" },
    "[1, 2].all(x, x > 0)": { is: true },
    'r"\\" == "" || [1].all(x, [1].all(y, true)) || "" == r"\\"': { is: "it has 2 loops" },
    '"a".matches // \n ("a")': { is: "the operator does not evaluate a selector with //" },
    "cel.bind(a, [1], cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, size(d) == 8))))": {
      is: "it has 4 bindings, of which the operator evaluates three",
    },
    // The API server accepts what the operator's CEL library lacks.
    [`${mine}.type.find("[a-z]+") == "gpu"`]: { is: "find" },
    [`"a" + 1 == "a1"`]: { is: "no such overload" },
  };
  for (const [expression, { device: change = {}, is }] of Object.entries(cases)) {
    it(`${expression} is ${is}`, () => {
      const selected = selects(expression, driver, sampleDevice("d", change));
      if (typeof is === "boolean") assert.equal(selected, is);
      else assert.ok(typeof selected === "string" && selected.includes(is), String(selected));
    });
  }
});
