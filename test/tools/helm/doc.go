// Command helm checks, renders and packages the Helm chart envoy/helm/heald and
// the Kustomize base envoy/kustomize with the libraries of Helm, kubeconform and
// Kustomize, so that no such program need be installed.
//
//	go run . render    # write anew what is made from the chart: goldens, the base, the README's table
//	go run . package   # out/heald-VERSION.tgz
//
// Its tests lint the chart, render each testdata/NAME.values.yaml of envoy/helm
// and compare it with NAME.yaml beside it, check the objects by the schemas of
// three Kubernetes versions and by heald's own rules ([Rule]), and build the
// Kustomize base and its example. With `make helm-cluster` they also apply everything
// to an API server (../kubernetes). Run them with -count=1: they read files outside
// this module.
//
// It is a module of its own since Helm brings some 150 modules along.
package main
