// Command image builds heald's container image without Docker and without a
// network, and checks it.
//
//	go run ./image -binary ../../bin/heald -out ../../out/image -version v1.2.3
//	go run ./image -check -out ../../out/image -version v1.2.3
//
// The first writes an OCI image layout (a folder): one layer with /heald and the
// CA certificates of this machine, and the configuration in config.go. Equal
// input gives equal bytes, thus the same digest.
//
// The second reads the layout back and the Dockerfile beside it. It names every
// difference between the final stage and the image, and everything that heald
// promises of its image but that this one lacks: a statically linked binary, a
// user other than root, valid digests, a binary that runs. Both flags together
// build and check.
//
// The layout is pushed or run with any OCI tool, for instance
//
//	skopeo copy oci:out/image docker-daemon:heald:dev
package main
