package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Source says where a secret comes from; secrets never stand in the file.
type Source struct {
	// Env is the name of an environment variable.
	Env string `yaml:"env"`
	// File is a path; a trailing line end is not part of the secret.
	File string `yaml:"file"`
}

// ParseSource reads env:VAR or file:PATH.
func ParseSource(s string) (Source, error) {
	kind, value, _ := strings.Cut(s, ":")
	switch {
	case value == "":
	case kind == "env":
		return Source{Env: value}, nil
	case kind == "file":
		return Source{File: value}, nil
	}
	// The text may be a credential pasted by mistake: it is not repeated.
	return Source{}, errors.New("want env:VARIABLE or file:PATH; a credential itself does not belong on a command line")
}

// Read returns the secret. path names the setting in errors.
func (s Source) Read(path string) (string, error) {
	switch {
	case s.Env != "" && s.File != "":
		return "", fmt.Errorf("%s: give env or file, not both", path)
	case s.Env != "":
		v := os.Getenv(s.Env)
		if v == "" {
			return "", fmt.Errorf("%s: environment variable %s is empty; set it to the credential", path, s.Env)
		}
		return v, nil
	case s.File != "":
		data, err := os.ReadFile(s.File)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		v := strings.TrimRight(string(data), "\r\n")
		if v == "" {
			return "", fmt.Errorf("%s: file %s is empty", path, s.File)
		}
		return v, nil
	}
	return "", fmt.Errorf("%s: say where the secret is: env: VARIABLE or file: PATH", path)
}

// optional is Read where no source means no secret.
func (s Source) optional(path string) (string, error) {
	if s == (Source{}) {
		return "", nil
	}
	return s.Read(path)
}
