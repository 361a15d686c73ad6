/** Writes the Dockerfiles. */
import { writeGenerated } from "../../api/src/generated.ts";
import { dockerfile, dockerfileName } from "./dockerfile.ts";
import { images } from "./images.ts";
import { manifestOf } from "./tree.ts";

const files = images.map(async (image) => {
  const { version } = await manifestOf(image.workspace);
  return [dockerfileName(image), dockerfile(image, version)] as const;
});
await writeGenerated(new Map(await Promise.all(files)));
