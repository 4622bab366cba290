# Versions of the tools that the Makefile installs under .tools, each with a hash:
# Go programs by the sum of all modules in them (install-go-tool.sh), Envoy by
# the hashes in python/. The coding agents and SDKs that are run against heald are
# pinned beside their tests, in package-lock.json and requirements.lock.
#
# Libraries of the programs in this folder are pinned by go.mod instead.
# golangci-lint is not: as a tool of this module it would bring some 200 modules
# along, and its makers support only builds made with its own go.mod.

# The Go of the image and of CI; the same as ARG GO_VERSION in the Dockerfile.
GO_VERSION := 1.26.8

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT_SUM     := 55c3a771e60658c282d9885ff18851264ab48d04a316bdfccceabf9a01bca27d

# Known vulnerabilities, and the bill of materials: `make supply`.
GOVULNCHECK_VERSION := v1.9.0
GOVULNCHECK_SUM     := 8d05009f8c7703d16ba99b072b962dba26dfc288f68d1b533175266ae87c84cd
CYCLONEDX_VERSION   := v1.10.0
CYCLONEDX_SUM       := 386a091f7bdc24b1488ea85738c5915103618dda85090fef1b0f8196536d4176

# Envoy Gateway's command, which renders the manifests of envoy/gateway: `make
# mesh-render`. Istio is a library of test/tools/mesh, pinned by its go.mod.
EGCTL_VERSION := v1.9.1
EGCTL_SUM     := 2839eb4313d89eb16279c6176333a508cef766b96b27d3b7d2a4798c77cff4b4

# The Envoy releases that heald is tested with: the current and the one before.
ENVOY_VERSION     := 1.40.0
ENVOY_VERSION_OLD := 1.39.3

# The Redis that the shared store is tested with, and the Prometheus that rules and
# dashboard are tested with: Debian's packages, each by the hash of its file in
# test/tools/NAME-VERSION.txt. Programs of the same minor release that are installed
# on the machine are taken instead.
REDIS_VERSION      := 7.0.15
PROMETHEUS_VERSION := 2.42.0

# The schemas of all Kubernetes versions from 1.25 on, for `make helm`.
KUBERNETES_SCHEMAS_VERSION := 1.37.0
# The API server that `make helm-cluster` builds; test/tools/kubernetes/go.mod says
# the same.
KUBERNETES_VERSION := 1.37.2
