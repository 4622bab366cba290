// Package config reads heald.yaml, the credential owner's file, and composes
// the configurations of the packages that use it.
//
// Without a file, GEMINI_API_KEY in the environment makes one account at
// Google's own address. A file is read whole or not at all: unknown keys fail,
// every problem is listed with its path, and a reload that fails leaves the
// running configuration as it is.
package config
