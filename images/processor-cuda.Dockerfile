# Generated from images/src/images.ts by `make generate`: do not edit.
#
#     docker build --file images/processor-cuda.Dockerfile --tag ghcr.io/gpumedia/processor:0.1.0-cuda .
#
# The first stage makes the same folders as `make images`; the image has nothing else of it.
FROM node:24-bookworm-slim AS layers
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates python3-pip
WORKDIR /src
COPY . .
RUN ONNXRUNTIME_NODE_INSTALL=skip npm ci
RUN npm run --silent images -- --stage processor-cuda

FROM scratch
COPY --from=layers /src/dist/images/layers/base/ /
COPY --from=layers /src/dist/images/layers/natives/ /
COPY --from=layers /src/dist/images/layers/cuda/ /
COPY --from=layers /src/dist/images/layers/processor/ /
LABEL org.opencontainers.image.title="gpumedia processor-cuda"
LABEL org.opencontainers.image.description="The image processor and its load-test client, for NVIDIA GPUs or CPUs"
LABEL org.opencontainers.image.version="0.1.0"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/local/bin
ENV LD_LIBRARY_PATH=/usr/local/cuda/lib
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENV NVIDIA_REQUIRE_CUDA=cuda>=13.0
ENV CUDA_CACHE_PATH=/tmp/cuda-cache
ENV CUDA_CACHE_MAXSIZE=536870912
USER 10001:10001
ENTRYPOINT ["gpumedia-processor"]
