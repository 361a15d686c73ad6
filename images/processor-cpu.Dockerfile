# Generated from images/src/images.ts by `make generate`: do not edit.
#
#     docker build --file images/processor-cpu.Dockerfile --tag ghcr.io/gpumedia/processor:0.1.0 .
#
# The first stage makes the same folders as `make images`; the image has nothing else of it.
FROM node:24-bookworm-slim AS layers
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates
WORKDIR /src
COPY . .
RUN ONNXRUNTIME_NODE_INSTALL=skip npm ci
RUN npm run --silent images -- --stage processor-cpu

FROM scratch
COPY --from=layers /src/dist/images/layers/base/ /
COPY --from=layers /src/dist/images/layers/natives/ /
COPY --from=layers /src/dist/images/layers/processor/ /
LABEL org.opencontainers.image.title="gpumedia processor-cpu"
LABEL org.opencontainers.image.description="The image processor and its load-test client, for CPUs"
LABEL org.opencontainers.image.version="0.1.0"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/local/bin
USER 10001:10001
ENTRYPOINT ["gpumedia-processor"]
