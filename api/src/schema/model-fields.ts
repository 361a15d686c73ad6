/** What a model's file does not contain: the same fields in the CRD and in the processor's configuration. */
import { flag, list, oneOf, text, wholeNumber } from "./scalars.ts";

export const modelFields = {
  layout: oneOf(
    ["NHWC", "NCHW"],
    "Order of the axes of the model's tensors: batch, channels, height, width. Defaults to what the model declares, or else to what works.",
  ),
  range: oneOf(
    ["0-1", "0-255", "-1-1"],
    "Numbers of black and white in a float model. Defaults to 0-1, as most exporters write. At its start, the processor compares the answer to a known picture with that picture, and names the range that fits.",
  ),
  outputRange: oneOf(["0-1", "0-255", "-1-1"], "Numbers of black and white in the result. Defaults to range."),
  channels: oneOf(
    ["RGB", "BGR", "Luma"],
    "Channels of the input. With Luma, the model enlarges the brightness, and the colours are interpolated. Defaults to RGB for three channels and to Luma for one.",
  ),
  sizeMultiple: wholeNumber(
    "Pixels that each side of a picture must be a multiple of; others are mirrored at their edges up to it, and the result is cropped. For a model that takes only one size, which its declaration leaves open, its side. Defaults to what trial runs at the start find.",
    1,
    1_024,
  ),
  tile: wholeNumber(
    "Larger pictures go through the model in tiles with sides of this many pixels, which bounds the memory. 0, the default, means whole pictures. A model with a fixed size always gets tiles of that size.",
    0,
    16_384,
  ),
  overlap: wholeNumber(
    "Pixels around a tile that go through the model with it, so that no seams are visible. Defaults to 16.",
    0,
    1_024,
  ),
  verify: flag(
    "Whether the processor refuses a model whose answer to a known picture is saturated or unrelated to it. Set it to false for a model that is meant to answer with another picture. Defaults to true.",
  ),
  warmUpSizes: list(
    "atomic",
    {
      description:
        "Sizes of pictures for which the processor warms up on a GPU before it is ready, because each new size costs a search for the fastest algorithms. Defaults to 640x480, 1280x720 and 1920x1080.",
      maxItems: 16,
    },
    text("Width and height in pixels, such as 640x480.", 11, "^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$"),
  ),
};
