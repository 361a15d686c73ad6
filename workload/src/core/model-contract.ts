/** What a model does with a picture: how its tensors hold pixels, and which sizes it takes. */
import type { Size } from "./picture.ts";

export const layouts = ["NHWC", "NCHW"] as const;
/** The order of a tensor's axes: batch, channels, height, width. */
export type TensorLayout = (typeof layouts)[number];

export const ranges = ["0-1", "0-255", "-1-1"] as const;
/** The numbers of black and of full brightness. */
export type PixelRange = (typeof ranges)[number];

export const channelOrders = ["RGB", "BGR", "Luma"] as const;
/** `Luma`: one channel, the brightness. */
export type PixelChannels = (typeof channelOrders)[number];

/** The settings of a model: what its file does not contain. */
export interface ModelOptions {
  readonly layout?: TensorLayout;
  readonly range?: PixelRange;
  /** Defaults to `range`. */
  readonly outputRange?: PixelRange;
  readonly channels?: PixelChannels;
  /** Pixels that each side must be a multiple of. */
  readonly sizeMultiple?: number;
  /** Larger pictures go through the model in tiles with sides of this many pixels. */
  readonly tile?: number;
  /** Pixels around a tile that its result depends on. */
  readonly overlap: number;
  /** Whether the answer to a known picture must look like that picture. */
  readonly verify: boolean;
  /** Sizes of pictures that are tried at the start where each new size costs time. */
  readonly warmUpSizes: readonly Size[];
}

export interface PictureTensor {
  readonly name: string;
  readonly type: "uint8" | "float32" | "float16";
  readonly layout: TensorLayout;
  readonly channels: PixelChannels;
  readonly range: PixelRange;
}

/** Declared by the model and found out by trial runs; plain data that workers pass on to each other. */
export interface ModelContract {
  readonly input: PictureTensor;
  readonly output: PictureTensor;
  /** Pixels of the result for each pixel of the picture, along a side. */
  readonly scale: number;
  /** The only size of an axis; undefined: any multiple of `sizeMultiple` from `smallestSide` on. */
  readonly fixed: { readonly width: number | undefined; readonly height: number | undefined };
  readonly sizeMultiple: number;
  readonly smallestSide: number;
  /** A size that has worked. */
  readonly trial: Size;
  /** Whether one run takes several pictures. */
  readonly batches: boolean;
}
