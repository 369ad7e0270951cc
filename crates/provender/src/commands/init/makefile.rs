//! The `Makefile`: a short name for each command that a project needs every day.

/// The file.
pub(super) const TEXT: &str = r#"# The supply chain of this project. `make help` lists the targets.

PROVENDER ?= provender

.DEFAULT_GOAL := help
.PHONY: help lock audit stock serve check secure

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lock: ## pin the requirements with hashes, and repair what is vulnerable
	$(PROVENDER) lock

audit: ## compare the lock with the advisory data, offline
	$(PROVENDER) audit

stock: ## download and verify every file that the lock needs
	$(PROVENDER) stock

serve: ## serve the stocked files as an index, until Ctrl-C
	$(PROVENDER) serve

check: ## prove that the project installs from the stock
	$(PROVENDER) check

secure: ## all of it in one go, with reports
	$(PROVENDER) secure
"#;

/// The names that make looks for, the one that it takes first coming first.
pub(super) const NAMES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];
