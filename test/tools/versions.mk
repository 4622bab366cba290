# Versions of the tools and clients that the Makefile installs under .tools.
#
# Libraries of the programs in this folder are pinned by go.mod instead.
# golangci-lint is not: as a tool of this module it would bring some 200 modules
# along, and its makers support only builds made with its own go.mod.

# The Go of the image and of CI; the same as ARG GO_VERSION in the Dockerfile.
GO_VERSION := 1.26.8

GOLANGCI_LINT_VERSION := v2.15.0

# The Envoy releases that heald is tested with: the current and the one before.
ENVOY_VERSION     := 1.40.0
ENVOY_VERSION_OLD := 1.39.3

# Real clients, run against the fake upstream. An unpinned install may silently
# pick an older release, since npm minds the engines field.
CLAUDE_CODE_VERSION := 2.1.329
CODEX_VERSION       := 0.169.0
GEMINI_CLI_VERSION  := 0.61.0
QWEN_CODE_VERSION   := 0.24.4
