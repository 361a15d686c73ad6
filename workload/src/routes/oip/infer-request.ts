/**
 * A request for inference, from its body: JSON, or JSON followed by the bytes of its tensors (binary tensor extension).
 * By the Open Inference Protocol v2, "Inference", and Triton's "Binary Tensor Data Extension". Pure.
 */
import { bytesOfJson } from "./json-data.ts";
import { HttpProblem } from "../problem.ts";
import { badRequest, type Datatype, datatypeBytes, elementCount, isDatatype, type Tensor } from "./tensor.ts";

export interface InferRequest {
  /** Sent back as it came. */
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  /** Which outputs to answer; undefined: all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs that do not say otherwise are answered as bytes. */
  readonly binaryByDefault: boolean;
}

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean | undefined;
}

/** Far above what a request without tensor data needs; the walk through a deeper one would take seconds. */
const deepestNesting = 32;

/** `jsonLength`: the header Inference-Header-Content-Length; undefined: all is JSON. Throws an HttpProblem. */
export function parseInferRequest(body: Uint8Array, jsonLength: number | undefined): InferRequest {
  const json = jsonLength === undefined ? body : body.subarray(0, jsonLength);
  const tail = new BinaryTail(body.subarray(json.length));
  const request = parseJson(json);
  const parameters = objectOr(request["parameters"], "parameters");
  const inputs = listOf(request["inputs"], "inputs").map((input, index) => parseInput(input, index, tail));
  tail.end();
  return {
    id: optionalText(request["id"], "id"),
    inputs,
    outputs: request["outputs"] === undefined ? undefined : listOf(request["outputs"], "outputs").map(parseOutput),
    binaryByDefault: optionalBoolean(parameters["binary_data_output"], "binary_data_output") ?? false,
  };
}

/** The value of Inference-Header-Content-Length; throws an HttpProblem for one that the body does not have. */
export function parseJsonLength(
  header: string | readonly string[] | undefined,
  bodyLength: number,
): number | undefined {
  if (header === undefined) return undefined;
  const length = typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : NaN;
  if (!(length > 0 && length <= bodyLength)) {
    throw badRequest(`Inference-Header-Content-Length is no length within the body of ${bodyLength} bytes`);
  }
  return length;
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseJson(json: Uint8Array): JsonObject {
  if (nestingOf(json) > deepestNesting) throw badRequest(`the request is nested more than ${deepestNesting} deep`);
  let request: unknown;
  try {
    request = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    const words = error instanceof SyntaxError ? error.message : "not UTF-8";
    throw badRequest(`the request is not JSON: ${words}`);
  }
  return object(request, "the request");
}

/** How deep lists and objects are nested, found without building any: JSON.parse takes seconds for millions of levels. */
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
  const name = input["name"];
  if (typeof name !== "string" || name === "") throw badRequest(`inputs[${index}] has no name`);
  const datatype = input["datatype"];
  if (!isDatatype(datatype)) {
    throw badRequest(`input "${name}": datatype is none of ${Object.keys(datatypeBytes).join(", ")}`);
  }
  const shape = parseShape(name, input["shape"]);
  return { name, datatype, shape, bytes: parseBytes(name, datatype, shape, input, tail) };
}

function parseShape(name: string, value: unknown): readonly number[] {
  const isShape =
    Array.isArray(value) && value.length <= 8 && value.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!isShape) throw badRequest(`input "${name}": shape is no list of up to 8 lengths`);
  return value as number[];
}

function parseBytes(
  name: string,
  datatype: Datatype,
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
  const wanted = elementCount(name, shape) * datatypeBytes[datatype];
  if (size !== wanted) {
    throw badRequest(
      `input "${name}": ${datatype} of shape [${shape.join(",")}] is ${wanted} bytes, not binary_data_size`,
    );
  }
  return tail.take(name, wanted);
}

/** What follows the JSON: the bytes of the inputs that say binary_data_size, in their order. */
class BinaryTail {
  readonly #bytes: Uint8Array;
  #taken = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(name: string, length: number): Uint8Array<ArrayBuffer> {
    const end = this.#taken + length;
    if (end > this.#bytes.length) throw badRequest(`input "${name}": the body ends before its binary data does`);
    // A copy: it is transferred to a worker, and the body's buffer may hold what is none of this tensor.
    const bytes = Uint8Array.from(this.#bytes.subarray(this.#taken, end));
    this.#taken = end;
    return bytes;
  }

  end(): void {
    const left = this.#bytes.length - this.#taken;
    if (left > 0) throw badRequest(`${left} bytes of binary data belong to no input`);
  }
}

function parseOutput(value: unknown, index: number): RequestedOutput {
  const output = object(value, `outputs[${index}]`);
  const name = output["name"];
  if (typeof name !== "string" || name === "") throw badRequest(`outputs[${index}] has no name`);
  const parameters = objectOr(output["parameters"], `output "${name}": parameters`);
  for (const unsupported of ["classification", "shared_memory_region"]) {
    if (parameters[unsupported] !== undefined) throw badRequest(`output "${name}": ${unsupported} is not supported`);
  }
  return { name, binary: optionalBoolean(parameters["binary_data"], `output "${name}": binary_data`) };
}

function object(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest(`${what} is no object`);
  return value as JsonObject;
}

function objectOr(value: unknown, what: string): JsonObject {
  return value === undefined ? {} : object(value, what);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw badRequest(`${what} is no list of at least one`);
  // A hundred thousand inputs would be refused one by one.
  if (value.length > 64) throw new HttpProblem("json-too-large", `${what} has more than 64 members`);
  return value;
}

function optionalText(value: unknown, what: string): string | undefined {
  if (value === undefined || (typeof value === "string" && value.length <= 1024)) return value;
  throw badRequest(`${what} is no text of up to 1024 characters`);
}

function optionalBoolean(value: unknown, what: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw badRequest(`${what} is neither true nor false`);
}
