/** Tensors, and the model that reads and writes them. */

/** The names that onnxruntime uses. */
export type ElementType =
  | "float32"
  | "float64"
  | "float16"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool"
  | "string";

/**
 * A tensor as bytes: little-endian, row-major, as in the binary extension of OIP v2. Each string is its length in bytes (uint32)
 * and its UTF-8.
 */
export interface RawTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A tensor as the model declares it; a string or -1 stands for a dimension that the caller chooses. */
export interface TensorDeclaration {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export type Accelerator = "cpu" | "cuda";

/** onnxruntime's graph optimization level; on a CPU, `all` adds a blocked channel layout to `extended`. */
export type Optimization = "all" | "extended";

export interface ModelDescription {
  /** Its name in the inference API. */
  readonly name: string;
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  /** The same in all workers, so that all return the same bytes. */
  readonly optimization: Optimization;
}
