# heald's image: one static binary and CA certificates, nothing else.
#
# heald writes no file, so everything can be taken away from it:
#
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     --network container:envoy --env GEMINI_API_KEY heald
#
# It listens on loopback (gRPC for Envoy 9000, metrics and health 9001), so it
# stands in Envoy's network namespace, as containers of one pod do: whoever
# reaches the gRPC port is given the accounts' credentials. README shows a Unix
# socket, and mutual TLS for an Envoy elsewhere.
#
# On SIGTERM it lets running streams end: give --stop-timeout more than Docker's 10 s.
# heald.yaml and secrets come in as read-only mounts. There is no shell: the
# image's own commands (heald check, heald health) are the tools inside it.
#
# test/tools/image builds the same image without Docker, and its -check compares
# the two: a change below the second FROM needs the same change there.

ARG GO_VERSION=1.26.8
# A release pins the compiler's image: --build-arg GO_DIGEST=@sha256:… of the
# registry that it is taken from. The final image has no base at all.
ARG GO_DIGEST=

# The compiler runs on the builder's own platform and cross-compiles.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}${GO_DIGEST} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# Named one by one, so that tests and documents do not spoil the build cache.
# cmd/heald/default.pgo, with which Go optimizes the binary, comes along.
COPY cmd ./cmd
COPY envoy ./envoy
COPY extproc ./extproc
COPY policies ./policies
ARG TARGETOS TARGETARCH
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X main.version=${VERSION}" -o /out/heald ./cmd/heald

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="heald" \
      org.opencontainers.image.description="Envoy sidecar that lets clients of several language-model APIs use Gemini, and heals failures" \
      org.opencontainers.image.source="https://github.com/heald-proxy/heald" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# For token endpoints and TLS to a shared store; Envoy has its own for providers.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/heald /heald
# Numeric, because there is no /etc/passwd and because Kubernetes' runAsNonRoot
# accepts only a number.
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/heald", "health"]
ENTRYPOINT ["/heald"]
CMD ["serve"]
