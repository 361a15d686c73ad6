/** The pictures that are sent, scaled from a test photograph. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

export interface Pictures {
  /** 224x224. */
  readonly small: string;
  /** 640x480. */
  readonly large: string;
}

export async function writePictures(folder: string): Promise<Pictures> {
  const photograph = fileURLToPath(new URL("../../workload/testdata/china.jpg", import.meta.url));
  const write = async (width: number, height: number): Promise<string> => {
    const file = join(folder, `${width}x${height}.jpg`);
    await sharp(photograph).resize(width, height, { fit: "fill" }).jpeg({ quality: 85 }).toFile(file);
    return file;
  };
  return { small: await write(224, 224), large: await write(640, 480) };
}
