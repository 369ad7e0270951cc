//! `Makefile`: the four steps by short names.

use super::Facts;

pub(super) fn render(facts: &Facts<'_>) -> String {
    TEXT.replace("@IMAGE@", facts.tag())
}

const TEXT: &str = r#"# The way of this service: `make lock`, `make build`, `make run`, `make scan`.

PROVENDER ?= provender
# What builds and runs: docker, or podman.
CONTAINER ?= docker
IMAGE ?= @IMAGE@
# The index to build from, pip's configuration with credentials for it, and a folder with the CA of the network; all
# may stay empty.
PIP_INDEX_URL ?=
PIP_CONF ?=
CA_CONTEXT ?=

# A comma would part the arguments of a function.
comma := ,
BUILD_FLAGS = \
	$(if $(PIP_INDEX_URL),--build-arg PIP_INDEX_URL=$(PIP_INDEX_URL)) \
	$(if $(PIP_CONF),--secret id=pip-conf$(comma)src=$(PIP_CONF)) \
	$(if $(CA_CONTEXT),--build-context provender-ca=$(CA_CONTEXT))

.DEFAULT_GOAL := help
.PHONY: help lock build run scan

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lock: ## pin the requirements with hashes, and repair what is vulnerable
	$(PROVENDER) lock

build: ## build the image from the lock
	$(CONTAINER) build $(BUILD_FLAGS) --tag $(IMAGE) .

run: ## run the service and its database until Ctrl-C; .env holds its settings
	$(CONTAINER) compose up

scan: ## compare what is in the image with the advisory data, offline
	$(CONTAINER) save --output image.tar $(IMAGE)
	@$(PROVENDER) image scan image.tar; status=$$?; rm -f image.tar; exit $$status
"#;
