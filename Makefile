# Each target is one way to do one thing; what they run is in package.json and scripts/.
.DEFAULT_GOAL := help
.PHONY: help setup demo cluster test test-real lint generate images images-cuda release kind bench bench-processor bench-loop fuzz clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: node_modules/.package-lock.json ## Check the machine and install the dependencies (all but clean begin with it)

# npm writes this file last, so it is newer than the lock file exactly when what the lock file names is installed.
# onnxruntime-node's install script downloads CUDA libraries, which only the CUDA image needs; npm before 11 would run it.
node_modules/.package-lock.json: package-lock.json
	@scripts/prerequisites.sh
	ONNXRUNTIME_NODE_INSTALL=skip npm ci --no-audit --no-fund
	@touch $@

demo: setup ## Control plane, operator, an example and what becomes of it (KEEP=1 leaves the cluster up)
	@npm run --silent demo

cluster: setup ## An interactive control plane with fake GPU nodes, until Ctrl-C
	@npm run --silent cluster

test: setup ## Types, lint, format, unused code, generated files, unit tests, end-to-end specs
	@npm run --silent test

test-real: setup ## Specs with real pods: containerd, kubelet, images (needs root; skipped where the machine can't, with the reason)
	@npm run --silent test:real
	@npm run --silent test:real:loop

lint: setup ## Format the code, then show what lint and the checker for unused code find
	@npm run --silent format
	@npm run --silent lint
	@npm run --silent unused

generate: setup ## Write the generated files anew: CRDs, manifests, reference pages
	@npm run --silent generate

images: setup ## Container images as OCI archives in dist/images, without Docker (docs/images.md)
	@npm run --silent images

images-cuda: setup ## The processor's image with CUDA 13 and cuDNN 9, from Python wheels (2.7 GB; needs pip, no GPU)
	@npm run --silent images -- processor-cuda

release: generate images images-cuda ## All that is published of a version, with checksums, in dist/release (docs/releasing.md)
	@npm run --silent release

kind: images ## A cluster of kind with mock GPUs, the operator and a service in it (needs Docker and kind)
	@npm run --silent kind

bench: setup ## Measure the operator on a real control plane (figures: docs/performance.md)
	@npm run --silent bench

bench-processor: setup ## Measure the image processor (figures: docs/performance-processor.md)
	@npm run --silent bench:processor

bench-loop: setup ## Measure load to decision, and status writes (about 40 minutes; figures: docs/performance.md)
	@npm run --silent bench:loop

fuzz: setup ## Send 50,000 mutated inputs to the image processor (FUZZ_RUNS=n, FUZZ_SEED=n repeats a run)
	@npm run --silent fuzz

clean: ## Remove what was installed and built; the cached control plane stays
	rm -rf node_modules */node_modules charts/*/node_modules dist */dist .cache
