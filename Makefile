.DEFAULT_GOAL := help
PYTHON_VENV := .venv/bin/python

.PHONY: help
help: ## Show what there is.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup ## Start everything, run the examples, show the answers. Again: seconds.
	@$(PYTHON_VENV) -m tools.local demo

.PHONY: up
up: setup ## Start the local platform and leave it running. State stays in .local/.
	@$(PYTHON_VENV) -m tools.local up

.PHONY: down
down: setup ## Stop the local platform; Agents at a real provider are removed, but those to be retained.
	@$(PYTHON_VENV) -m tools.local down

.PHONY: status
status: setup ## Show what of the local platform runs.
	@$(PYTHON_VENV) -m tools.local status

.PHONY: images
images: setup ## Build the images, named IMAGES/...; with PUSH=1, push them too.
	@$(PYTHON_VENV) -m tools.images $(if $(PUSH),--push)

.PHONY: cluster
cluster: setup ## Make a kind cluster that holds the images. CLUSTER names it. Again: seconds.
	@$(PYTHON_VENV) -m tools.kind up

.PHONY: cluster-down
cluster-down: setup ## Delete the kind cluster; CLUSTER names it.
	@$(PYTHON_VENV) -m tools.kind down

.PHONY: test
test: setup ## Run all tests that need no container engine. ARGS="-k name" picks some, ARGS=-n0 runs them in turn.
	@$(PYTHON_VENV) -m tools.parts test
	@env -u MISTRAL_API_KEY -u MISTRAL_SERVER_URL -u MISTRAL_CONFORMANCE $(PYTHON_VENV) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# What each test confirms is in docs/mistral.md.
.PHONY: conformance
conformance: setup ## Run the contract tests on MISTRAL_SERVER_URL with MISTRAL_API_KEY: <= 50 calls, cleans up.
	@MISTRAL_CONFORMANCE=1 $(PYTHON_VENV) -m pytest tests/conformance -v $(ARGS)

# With KUBECONFIG and IMAGES, both, the tests run on that cluster with those pushed images (of the tag TAG).
.PHONY: e2e
e2e: setup ## Run the tests that need a cluster, in a kind cluster of their own; ARGS="-m smoke" picks the most telling.
	@$(PYTHON_VENV) -m tools.kind e2e $(ARGS)

.PHONY: e2e-keep
e2e-keep: setup ## The same, and leave their cluster, `durable-agents-e2e`.
	@$(PYTHON_VENV) -m tools.kind e2e --keep $(ARGS)

.PHONY: generate
generate: setup ## Write the generated files.
	@$(PYTHON_VENV) -m agents_crds.generate
	@$(PYTHON_VENV) -m tools.charts
	@$(PYTHON_VENV) -m tools.metrics

.PHONY: verify
verify: generate ## Check generated files, format, lint, types, imports and a clean tree.
	@$(PYTHON_VENV) -m ruff format --check .
	@$(PYTHON_VENV) -m ruff check --quiet --output-format concise .
	@$(PYTHON_VENV) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(PYTHON_VENV) -m tools.checks

.PHONY: lock
lock: setup ## Pin every dependency after an edit; ARGS=--upgrade takes newer ones.
	@$(PYTHON_VENV) -m tools.lock $(ARGS)

.PHONY: clean
clean: ## Stop the local platform, delete the clusters; remove their state, .venv and caches.
	@if [ -d .local ] && [ -x .venv/bin/python ]; then $(PYTHON_VENV) -m tools.local down && $(PYTHON_VENV) -m tools.kind down && CLUSTER=durable-agents-e2e $(PYTHON_VENV) -m tools.kind down; fi
	@rm -rf .local .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.PHONY: setup
setup:
	@tools/bootstrap
