/**
 * Parses an inference request: JSON, or JSON followed by the bytes of its tensors. See "Inference" in the Open Inference
 * Protocol v2, and Triton's "Binary Tensor Data Extension". Pure.
 */
import { bytesOfJson } from "./json-data.ts";
import { HttpProblem } from "../problem.ts";
import {
  badRequest,
  type InputDatatype,
  datatypeBytes,
  elementCount,
  isInputDatatype,
  shapeText,
  type Tensor,
} from "./tensor.ts";

export interface InferRequest {
  /** Returned unchanged. */
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  /** Undefined: all outputs. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs without `binary_data` are returned as bytes. */
  readonly binaryByDefault: boolean;
}

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean | undefined;
}

/** More than any request needs; parsing one that is nested much deeper would take seconds. */
const deepestNesting = 32;

/** `jsonLength` is the Inference-Header-Content-Length; undefined: the whole body is JSON. @throws {HttpProblem} */
export function parseInferRequest(body: Uint8Array, jsonLength: number | undefined): InferRequest {
  const json = jsonLength === undefined ? body : body.subarray(0, jsonLength);
  const tail = new BinaryTail(body.subarray(json.length));
  const request = parseJson(json);
  const parameters = objectOr(request["parameters"], "parameters");
  const inputs = listOf(request["inputs"], "inputs").map((input, index) => parseInput(input, index, tail));
  tail.end();
  return {
    id: optionalString(request["id"], "id"),
    inputs,
    // KServe's clients send an empty list for all.
    outputs: isAbsent(request["outputs"]) ? undefined : listOf(request["outputs"], "outputs").map(parseOutput),
    binaryByDefault: optionalBoolean(parameters["binary_data_output"], "binary_data_output") ?? false,
  };
}

/** The `ready` of a request for the index of the repository, whose body is optional. @throws {HttpProblem} */
export function parseIndexRequest(body: Uint8Array | undefined): boolean {
  if (body === undefined || body.length === 0) return false;
  return optionalBoolean(parseJson(body)["ready"], "ready") ?? false;
}

/** Parses the Inference-Header-Content-Length. @throws {HttpProblem} if it exceeds the body */
export function parseJsonLength(
  header: string | readonly string[] | undefined,
  bodyLength: number,
): number | undefined {
  if (header === undefined) return undefined;
  const length = typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : NaN;
  if (!(length > 0 && length <= bodyLength)) {
    throw badRequest(`Inference-Header-Content-Length must be from 1 to ${bodyLength}, the length of the body`);
  }
  return length;
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseJson(json: Uint8Array): JsonObject {
  if (nestingOf(json) > deepestNesting)
    throw badRequest(`the request is nested more than ${deepestNesting} levels deep`);
  let request: unknown;
  try {
    request = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    throw badRequest(`the request is not JSON: ${error instanceof SyntaxError ? error.message : "not UTF-8"}`);
  }
  return object(request, "the request");
}

/** Returns how deep lists and objects are nested, without parsing: JSON.parse takes seconds for millions of levels. */
function nestingOf(json: Uint8Array): number {
  const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];
  let [depth, deepest, inText] = [0, 0, false];
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (inText) {
      if (byte === backslash) index++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === openList || byte === openObject) deepest = Math.max(deepest, ++depth);
    else if (byte === closeList || byte === closeObject) depth--;
  }
  return deepest;
}

function parseInput(value: unknown, index: number, tail: BinaryTail): Tensor {
  const input = object(value, `inputs[${index}]`);
  const name = nameOf(input, `inputs[${index}]`);
  const datatype = input["datatype"];
  if (!isInputDatatype(datatype)) {
    throw badRequest(`input "${name}": datatype must be one of ${Object.keys(datatypeBytes).join(", ")}`);
  }
  const shape = parseShape(name, input["shape"]);
  return { name, datatype, shape, bytes: parseBytes(name, datatype, shape, input, tail) };
}

function parseShape(name: string, value: unknown): readonly number[] {
  const isShape =
    Array.isArray(value) && value.length <= 8 && value.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!isShape) throw badRequest(`input "${name}": shape must be a list of up to 8 lengths`);
  return value as number[];
}

function parseBytes(
  name: string,
  datatype: InputDatatype,
  shape: readonly number[],
  input: JsonObject,
  tail: BinaryTail,
): Uint8Array<ArrayBuffer> {
  const parameters = objectOr(input["parameters"], `input "${name}": parameters`);
  if (parameters["shared_memory_region"] !== undefined) {
    throw badRequest(`input "${name}": shared memory is not supported`);
  }
  const size = parameters["binary_data_size"];
  if (size === undefined) return bytesOfJson(name, datatype, shape, input["data"]);
  if (input["data"] !== undefined) throw badRequest(`input "${name}" has both data and binary_data_size`);
  const expected = elementCount(name, shape) * datatypeBytes[datatype];
  if (size !== expected) {
    throw badRequest(
      `input "${name}": binary_data_size must be ${expected} for ${datatype} of shape ${shapeText(shape)}`,
    );
  }
  return tail.take(name, expected);
}

/** The bytes after the JSON: those of the inputs with `binary_data_size`, in order. */
class BinaryTail {
  readonly #bytes: Uint8Array;
  #taken = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(name: string, length: number): Uint8Array<ArrayBuffer> {
    const end = this.#taken + length;
    if (end > this.#bytes.length) throw badRequest(`input "${name}": the body ends within its binary data`);
    // A copy: it is transferred to a worker, and the body's buffer also holds other tensors.
    const bytes = Uint8Array.from(this.#bytes.subarray(this.#taken, end));
    this.#taken = end;
    return bytes;
  }

  end(): void {
    const left = this.#bytes.length - this.#taken;
    if (left > 0) throw badRequest(`${left} bytes follow the binary data of the last input`);
  }
}

function parseOutput(value: unknown, index: number): RequestedOutput {
  const output = object(value, `outputs[${index}]`);
  const name = nameOf(output, `outputs[${index}]`);
  const parameters = objectOr(output["parameters"], `output "${name}": parameters`);
  for (const unsupported of ["classification", "shared_memory_region"]) {
    if (parameters[unsupported] !== undefined) throw badRequest(`output "${name}": ${unsupported} is not supported`);
  }
  return { name, binary: optionalBoolean(parameters["binary_data"], `output "${name}": binary_data`) };
}

/** Without members that are null: clients that serialize optional fields send them for what is absent (kserve#2944). */
function object(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest(`${what} must be an object`);
  const members = Object.entries(value);
  return members.every(([, member]) => member !== null)
    ? (value as JsonObject)
    : Object.fromEntries(members.filter(([, member]) => member !== null));
}

function isAbsent(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}

function nameOf({ name }: JsonObject, what: string): string {
  if (typeof name === "string" && name !== "") return name;
  throw badRequest(`${what} has no name`);
}

function objectOr(value: unknown, what: string): JsonObject {
  return value === undefined ? {} : object(value, what);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw badRequest(`${what} must be a non-empty list`);
  // Checking a hundred thousand inputs would take too long.
  if (value.length > 64) throw new HttpProblem("json-too-large", `${what} has more than 64 entries`);
  return value;
}

function optionalString(value: unknown, what: string): string | undefined {
  if (value === undefined || (typeof value === "string" && value.length <= 1024)) return value;
  throw badRequest(`${what} must be a string of up to 1024 characters`);
}

function optionalBoolean(value: unknown, what: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw badRequest(`${what} must be true or false`);
}
