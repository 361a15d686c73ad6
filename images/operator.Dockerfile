# Generated from images/src/images.ts by `make generate`: do not edit.
#
#     docker build --file images/operator.Dockerfile --tag ghcr.io/gpumedia/operator:0.1.0 .
#
# The first stage makes the same folders as `make images`; the image has nothing else of it.
FROM node:24-bookworm-slim AS layers
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates
WORKDIR /src
COPY . .
RUN ONNXRUNTIME_NODE_INSTALL=skip npm ci
RUN npm run --silent images -- --stage operator

FROM scratch
COPY --from=layers /src/dist/images/layers/base/ /
COPY --from=layers /src/dist/images/layers/operator/ /
LABEL org.opencontainers.image.title="gpumedia operator"
LABEL org.opencontainers.image.description="Turns each GpuMediaService into a tuned, autoscaled, monitored GPU media service"
LABEL org.opencontainers.image.version="0.1.0"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/local/bin
USER 65532:65532
ENTRYPOINT ["gpumedia-operator"]
