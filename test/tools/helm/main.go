package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
)

// root is heald's checkout, seen from this folder.
const root = "../../.."

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "helm:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want render or package")
	}
	switch args[0] {
	case "render":
		return renderAll(root)
	case "package":
		c, err := loadChart(root)
		if err != nil {
			return err
		}
		out := filepath.Join(root, "out")
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
		file, err := chartutil.Save(c, out)
		if err == nil {
			fmt.Println(file)
		}
		return err
	}
	return fmt.Errorf("%q: want render or package", args[0])
}
