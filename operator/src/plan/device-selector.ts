/**
 * Evaluates the CEL selectors of DeviceClasses and ResourceClaims as the scheduler does. The only file that uses CEL for
 * devices. Pure: results are kept by device and expression, because every reconcile asks again.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
import { Environment } from "@marcbachmann/cel-js";
import { quantityValue } from "@gpumedia/api";
import { compare, type SemVer } from "semver";
import type { DeviceAttribute, DeviceView } from "../observe/resource-slice-view.ts";
import { matchesSafely, safeExpression } from "./device-expression.ts";
import { parseVersion } from "./device-version.ts";

/** Does the device meet the expression? A string is the error: the scheduler gives no such device. */
export type Selection = boolean | string;

const known = new WeakMap<DeviceView, Map<string, Selection>>();

export function selects(expression: string, driver: string, device: DeviceView): Selection {
  const results = known.get(device) ?? new Map<string, Selection>();
  known.set(device, results);
  const before = results.get(expression);
  if (before !== undefined) return before;
  const result = evaluate(expression, driver, device);
  results.set(expression, result);
  return result;
}

type Program = (context: { readonly device: CelDevice }) => unknown;
/** A string is the error. */
const programs = new Map<string, Program | string>();

function evaluate(expression: string, driver: string, device: DeviceView): Selection {
  const program = programs.get(expression) ?? compile(expression);
  programs.set(expression, program);
  if (typeof program === "string") return program;
  try {
    const result = program({ device: new CelDevice(driver, device) });
    return typeof result === "boolean" ? result : "it does not return true or false";
  } catch (error) {
    return firstLine(error);
  }
}

function compile(expression: string): Program | string {
  try {
    const safe = safeExpression(expression);
    if ("refused" in safe) return safe.refused;
    const program = environment.parse(safe.text);
    const { valid, type, error } = program.check();
    if (!valid) return firstLine(error);
    return type === "bool" || type === "dyn" ? program : "it does not return true or false";
  } catch (error) {
    return firstLine(error);
  }
}

/** The library's errors repeat the expression in further lines. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

/**
 * Attributes or capacity by domain, of which most selectors read one: a name without a domain has the driver's. An unknown
 * domain has no members, so that one lookup needs no guard.
 */
class Domains extends Map<string, Map<string, unknown>> {
  readonly #driver: string;
  readonly #valueOf: (name: string) => unknown;
  readonly #names: readonly string[];

  constructor(driver: string, names: readonly string[], valueOf: (name: string) => unknown) {
    super();
    this.#driver = driver;
    this.#names = names;
    this.#valueOf = valueOf;
  }

  override has(domain: string): boolean {
    return this.#names.some((name) => this.#domainOf(name) === domain);
  }

  override get(domain: string): Map<string, unknown> {
    const members = this.#names.filter((name) => this.#domainOf(name) === domain);
    return new Map(members.map((name) => [name.slice(name.indexOf("/") + 1), this.#valueOf(name)]));
  }

  #domainOf(name: string): string {
    const slash = name.indexOf("/");
    return slash < 0 ? this.#driver : name.slice(0, slash);
  }
}

class CelDevice {
  readonly driver: string;
  readonly allowMultipleAllocations: boolean;
  readonly attributes: Domains;
  readonly capacity: Domains;

  constructor(driver: string, { attributes, capacity, isShareable }: DeviceView) {
    this.driver = driver;
    this.allowMultipleAllocations = isShareable;
    this.attributes = new Domains(driver, Object.keys(attributes), (name) => attributeValue(attributes[name] ?? {}));
    this.capacity = new Domains(driver, Object.keys(capacity), (name) => Quantity.of(capacity[name]?.value ?? ""));
  }
}

function attributeValue({ string, bool, int, version }: DeviceAttribute): unknown {
  if (version !== undefined) return Version.of(version);
  return string ?? bool ?? (int === undefined ? undefined : BigInt(int));
}

class Quantity {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  static of(text: string): Quantity {
    const value = quantityValue(text);
    if (Number.isNaN(value)) throw new Error(`${text} is not a quantity`);
    return new Quantity(value);
  }
}

class Version {
  readonly value: SemVer;

  constructor(value: SemVer) {
    this.value = value;
  }

  static of(text: string, normalize = false): Version {
    const value = parseVersion(text, normalize);
    if (value === undefined) throw new Error(`${text} is not a semantic version`);
    return new Version(value);
  }
}

const order = (a: Quantity, b: Quantity): number => Math.sign(a.value - b.value);
const versions = (a: Version, b: Version): number => compare(a.value, b.value);

interface Access {
  readonly op: string;
  /** The object and the name of its member. */
  readonly args: readonly [object: unknown, member: string];
}

interface Checker {
  readonly check: (node: unknown, context: unknown) => unknown;
  readonly getType: (name: string) => unknown;
}

interface Evaluator {
  readonly run: (node: unknown, context: unknown) => unknown;
}

function hasMember({ args: [access] }: { readonly args: readonly [Access] }): object {
  const [object, member] = access.args;
  return {
    typeCheck(checker: Checker, _macro: unknown, context: unknown) {
      if (access.op !== ".") throw new Error("has() requires a member, such as has(device.attributes['a'].b)");
      checker.check(object, context);
      return checker.getType("bool");
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: unknown) {
      const of = evaluator.run(object, context);
      return of instanceof Map && of.get(member) !== undefined;
    },
  };
}

const environment = new Environment({ enableOptionalTypes: true })
  .registerFunction("hasMember(ast): bool", hasMember)
  .registerFunction("string.matchesSafely(string): bool", matchesSafely)
  .registerType("Quantity", { ctor: Quantity, fields: {} })
  .registerType("Semver", { ctor: Version, fields: {} })
  .registerType("Domains", Domains)
  .registerType("Device", {
    ctor: CelDevice,
    fields: { driver: "string", allowMultipleAllocations: "bool", attributes: "Domains", capacity: "Domains" },
  })
  .registerVariable("device", "Device")
  .registerOperator("string in Domains: bool", (domain: string, of: Domains) => of.has(domain))
  .registerFunction("quantity(string): Quantity", (text: string) => Quantity.of(text))
  .registerFunction("isQuantity(string): bool", (text: string) => !Number.isNaN(quantityValue(text)))
  .registerOperator("Quantity == Quantity", (a: Quantity, b: Quantity) => order(a, b) === 0)
  .registerFunction("Quantity.compareTo(Quantity): int", (a: Quantity, b: Quantity) => BigInt(order(a, b)))
  .registerFunction("Quantity.isGreaterThan(Quantity): bool", (a: Quantity, b: Quantity) => order(a, b) > 0)
  .registerFunction("Quantity.isLessThan(Quantity): bool", (a: Quantity, b: Quantity) => order(a, b) < 0)
  .registerFunction("Quantity.sign(): int", ({ value }: Quantity) => BigInt(Math.sign(value)))
  .registerFunction("Quantity.isInteger(): bool", ({ value }: Quantity) => Number.isSafeInteger(value))
  .registerFunction("Quantity.asInteger(): int", ({ value }: Quantity) => BigInt(value))
  .registerFunction("Quantity.asApproximateFloat(): double", ({ value }: Quantity) => value)
  .registerFunction("Quantity.add(Quantity): Quantity", (a: Quantity, b: Quantity) => new Quantity(a.value + b.value))
  .registerFunction("Quantity.add(int): Quantity", (a: Quantity, b: bigint) => new Quantity(a.value + Number(b)))
  .registerFunction("Quantity.sub(Quantity): Quantity", (a: Quantity, b: Quantity) => new Quantity(a.value - b.value))
  .registerFunction("Quantity.sub(int): Quantity", (a: Quantity, b: bigint) => new Quantity(a.value - Number(b)))
  .registerFunction("semver(string): Semver", (text: string) => Version.of(text))
  .registerFunction("semver(string, bool): Semver", (text: string, normalize: boolean) => Version.of(text, normalize))
  .registerFunction("isSemver(string): bool", (text: string) => parseVersion(text) !== undefined)
  .registerFunction(
    "isSemver(string, bool): bool",
    (text: string, normalize: boolean) => parseVersion(text, normalize) !== undefined,
  )
  .registerOperator("Semver == Semver", (a: Version, b: Version) => versions(a, b) === 0)
  .registerFunction("Semver.compareTo(Semver): int", (a: Version, b: Version) => BigInt(versions(a, b)))
  .registerFunction("Semver.isGreaterThan(Semver): bool", (a: Version, b: Version) => versions(a, b) > 0)
  .registerFunction("Semver.isLessThan(Semver): bool", (a: Version, b: Version) => versions(a, b) < 0)
  .registerFunction("Semver.major(): int", ({ value }: Version) => BigInt(value.major))
  .registerFunction("Semver.minor(): int", ({ value }: Version) => BigInt(value.minor))
  .registerFunction("Semver.patch(): int", ({ value }: Version) => BigInt(value.patch));
