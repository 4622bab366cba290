package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("image", flag.ContinueOnError)
	fs.SetOutput(out)
	var (
		binary       = fs.String("binary", "", "build the image of the heald binary at `PATH`")
		check        = fs.Bool("check", false, "compare the image with the Dockerfile")
		dir          = fs.String("out", "", "the OCI layout is the folder `DIR`; an older layout there is replaced")
		version      = fs.String("version", "dev", "the image is that of version `V`")
		certificates = fs.String("certificates", defaultCertificates, "put the PEM bundle at `PATH` into the image")
		dockerfile   = fs.String("dockerfile", "../../Dockerfile", "with -check, compare with the Dockerfile at `PATH`")
	)
	if err := fs.Parse(args); err != nil {
		return err
	}
	switch {
	case fs.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case *dir == "":
		return errors.New("-out is missing: name the folder of the OCI layout")
	case *binary == "" && !*check:
		return errors.New("nothing to do: give -binary to build, -check to check, or both")
	}
	if *binary != "" {
		digest, err := buildLayout(*dir, *binary, *certificates, *version)
		if err != nil {
			return fmt.Errorf("build %s: %w", *dir, err)
		}
		fmt.Fprintln(out, "built", *dir, digest)
	}
	if *check {
		if err := checkLayout(*dir, *dockerfile, *version); err != nil {
			return fmt.Errorf("check %s:\n%w", *dir, err)
		}
		fmt.Fprintln(out, "checked", *dir, "against", *dockerfile)
	}
	return nil
}
