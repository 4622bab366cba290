package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// collect finds all mutants in the files of a package that match the pattern, in
// an order that depends on the seed.
func collect(root, dir, files string, seed uint64) ([]*mutant, error) {
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.go"))
	if err != nil {
		return nil, err
	}
	var out []*mutant
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if ok, err := filepath.Match(files, filepath.Base(name)); err != nil {
			return nil, fmt.Errorf("-files: %w", err)
		} else if !ok {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found, err := mutants(path.Join(dir, filepath.Base(name)), source)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	h := fnv.New64a()
	h.Write([]byte(dir))
	rnd := rand.New(rand.NewPCG(seed, h.Sum64()))
	rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

// share is how many of n mutants the i-th of count packages gets.
func share(n, i, count int) int {
	s := n / count
	if i < n%count {
		s++
	}
	return s
}
