# Versions of the tools that the Makefile installs under .tools. The coding agents
# and SDKs that are run against heald are pinned beside their tests, in
# package.json and requirements.txt.
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
