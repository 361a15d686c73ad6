# One target per task; the commands are in package.json and scripts/.
.DEFAULT_GOAL := help
.PHONY: help setup demo cluster test test-real test-peers test-versions lint generate images images-cuda release kind bench bench-processor bench-gpu bench-loop fuzz clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: node_modules/.package-lock.json ## Check the machine and install the dependencies (every target except clean starts with it)

# npm writes this file last, so it is newer than the lock file exactly when the dependencies in it are installed.
# onnxruntime-node's install script downloads CUDA libraries, which only the CUDA image needs; npm before version 11 would run it.
node_modules/.package-lock.json: package-lock.json
	@scripts/prerequisites.sh
	@case "$$(node --version)" in v2[0-3].*) \
		echo 'EBADENGINE warnings of npm are harmless: only npm itself runs on this Node, everything else on the Node 24 that it installs.' ;; esac
	ONNXRUNTIME_NODE_INSTALL=skip npm ci --no-audit --no-fund
	@touch $@

demo: setup ## Show the operator on its own control plane: an example service under load (KEEP=1 keeps it running)
	@npm run --silent demo

cluster: setup ## Run a control plane with fake GPU nodes until Ctrl-C (GPUMEDIA_KUBERNETES=1.37 for another version)
	@npm run --silent cluster

test: setup ## Check types, lint, format, unused code and generated files; run unit tests and end-to-end specs
	@npm run --silent test

test-real: setup ## Run specs with pods in containers (needs root, containerd and more; skipped with the reason where the machine lacks them)
	@npm run --silent test:real
	@npm run --silent test:real:loop

test-peers: setup ## Run the specs with other projects' controllers, such as KEDA (PEER=keda for one; results: docs/neighbours.md)
	@npm run --silent test:peers

test-versions: setup ## Run the end-to-end specs on Kubernetes 1.31, 1.36 and 1.37 (GPUMEDIA_KUBERNETES=1.37 for one; results: docs/testing.md)
	@npm run --silent test:versions

lint: setup ## Format the code, then run lint and the check for unused code
	@npm run --silent format
	@npm run --silent lint
	@npm run --silent unused

generate: setup ## Regenerate files: CRDs, manifests, reference pages
	@npm run --silent generate

images: setup ## Build container images as OCI archives in dist/images, without Docker (docs/images.md)
	@npm run --silent images

images-cuda: setup ## Build the processor image with CUDA 13 and cuDNN 9 (2.7 GB; needs pip, no GPU)
	@npm run --silent images -- processor-cuda

release: generate images images-cuda ## Build everything that is published for a version, with checksums, in dist/release (docs/releasing.md)
	@npm run --silent release

kind: images ## Create a kind cluster with mock GPUs, the operator and a service (needs Docker and kind)
	@npm run --silent kind

bench: setup ## Measure the operator on a real control plane (results: docs/performance.md)
	@npm run --silent bench

bench-processor: setup ## Measure the image processor (results: docs/performance-processor.md)
	@npm run --silent bench:processor

bench-gpu: setup ## Measure the image processor on an NVIDIA GPU (results: docs/performance-processor.md)
	@npm run --silent bench:gpu

bench-loop: setup ## Measure the time from load to scaling, and status writes (about 40 minutes; results: docs/performance.md)
	@npm run --silent bench:loop

fuzz: setup ## Send 50,000 mutated inputs to the image processor (FUZZ_RUNS=n; FUZZ_SEED=n repeats a run)
	@npm run --silent fuzz

clean: ## Remove dependencies and build outputs, but not the cached control plane
	rm -rf node_modules */node_modules charts/*/node_modules dist */dist .cache
