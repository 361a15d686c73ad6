/** Dockerfiles, from the same list of images as the archives. Pure. */
import { labelsOf, referenceOf, type Image } from "./images.ts";

export function dockerfileName({ name }: Image): string {
  return `images/${name}.Dockerfile`;
}

export function dockerfile(image: Image, version: string): string {
  const { name, layers, user, entrypoint, environment } = image;
  const debianPackages = ["ca-certificates", ...(layers.includes("cuda") ? ["python3-pip"] : [])];
  const lines = [
    "# Generated from images/src/images.ts by `make generate`: do not edit.",
    "#",
    `#     docker build --file ${dockerfileName(image)} --tag ${referenceOf(image, version)} .`,
    "#",
    "# The first stage makes the same folders as `make images`; the image has nothing else of it.",
    "FROM node:24-bookworm-slim AS layers",
    `RUN apt-get update && apt-get install --yes --no-install-recommends ${debianPackages.join(" ")}`,
    "WORKDIR /src",
    "COPY . .",
    "RUN ONNXRUNTIME_NODE_INSTALL=skip npm ci",
    `RUN npm run --silent images -- --stage ${name}`,
    "",
    "FROM scratch",
    ...layers.map((layer) => `COPY --from=layers /src/dist/images/layers/${layer}/ /`),
    ...Object.entries(labelsOf(image, version)).map(([label, value]) => `LABEL ${label}=${JSON.stringify(value)}`),
    ...Object.entries(environment).map(([variable, value]) => `ENV ${variable}=${value}`),
    `USER ${user}:${user}`,
    `ENTRYPOINT ${JSON.stringify(entrypoint)}`,
  ];
  return `${lines.join("\n")}\n`;
}
