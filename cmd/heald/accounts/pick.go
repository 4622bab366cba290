package accounts

import (
	"cmp"
	"fmt"
	"slices"
)

// mostModels is how many models are shown of one group or backend: clients choose
// their names. Those that are held back, and those most used, come first.
const mostModels = 20

// apart splits a list by name, in the order of names.
func apart[T any](list []T, name func(T) string) (out [][]T) {
	sorted := slices.SortedStableFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	for i := 0; i < len(sorted); {
		j := i + 1
		for j < len(sorted) && name(sorted[j]) == name(sorted[i]) {
			j++
		}
		out, i = append(out, sorted[i:j]), j
	}
	return out
}

// first are the mostModels that matter most, in their old order.
func first[T any](list []T, of func(*T) (ready bool, use int64)) []T {
	if len(list) <= mostModels {
		return list
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b T) int {
		readyA, useA := of(&a)
		readyB, useB := of(&b)
		switch {
		case readyA == readyB:
			return cmp.Compare(useB, useA)
		case readyB:
			return -1
		}
		return 1
	})
	return out[:mostModels]
}

// more is the row that says how many rows are not shown.
func more(rows [][]string, indent string, all, columns int) [][]string {
	if all <= mostModels {
		return rows
	}
	row := make([]string, columns)
	row[0], row[columns-1] = indent+"…", fmt.Sprintf("%d more; --json has all", all-mostModels)
	return append(rows, row)
}
