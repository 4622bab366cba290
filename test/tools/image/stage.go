package main

import (
	"encoding/json"
	"errors"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// stage is what the final stage of a Dockerfile makes.
type stage struct {
	base   string
	files  []string // where COPY puts them
	config v1.Config

	values map[string]string // build arguments declared so far
}

// finalStage reads the final stage of a Dockerfile. The values given go before the
// defaults of build arguments.
func finalStage(src string, given map[string]string) (*stage, error) {
	list, err := instructions(src)
	if err != nil {
		return nil, err
	}
	global := &stage{values: map[string]string{}} // holds the arguments before the first FROM
	current := global
	earlier := map[string]bool{"scratch": true}
	last := 0
	for n, i := range list {
		if i.word == "FROM" {
			last = n
		}
	}
	for n, i := range list {
		switch {
		case i.word == "FROM":
			base, err := baseImage(i, global.values, earlier)
			if err != nil {
				return nil, err
			}
			current = &stage{base: base, values: map[string]string{}}
		case i.word == "ARG":
			if err := current.declare(i, given, global.values); err != nil {
				return nil, err
			}
		case current == global:
			return nil, i.errorf("stands before the first FROM")
		case n > last:
			if err := current.apply(i); err != nil {
				return nil, i.errorf("%w", err)
			}
		}
	}
	if current == global {
		return nil, errors.New("there is no FROM")
	}
	return current, nil
}

// pinned is an image of one release: by a version of three parts, or by digest.
var pinned = regexp.MustCompile(`:v?[0-9]+\.[0-9]+\.[0-9]+(-[\w.-]+)?$|@sha256:[0-9a-f]{64}$`)

// baseImage reads FROM, and refuses an image that may be another one tomorrow.
func baseImage(i instruction, global map[string]string, earlier map[string]bool) (string, error) {
	list := arguments(i.args)
	if len(list) == 0 {
		return "", i.errorf("names no image")
	}
	base, err := expand(list[0], global)
	if err != nil {
		return "", i.errorf("%w", err)
	}
	if !earlier[base] && !pinned.MatchString(base) {
		return "", i.errorf("%s is not pinned: name a version of three parts, or a digest", base)
	}
	if len(list) == 3 && strings.EqualFold(list[1], "AS") {
		earlier[list[2]] = true
	}
	return base, nil
}

// arguments splits at blanks and leaves out --flags.
func arguments(args string) []string {
	var list []string
	for _, w := range strings.Fields(args) {
		if !strings.HasPrefix(w, "--") {
			list = append(list, w)
		}
	}
	return list
}

// declare reads ARG. A name without any value gets it from the builder
// (TARGETARCH) and stays unknown here.
func (s *stage) declare(i instruction, given, global map[string]string) error {
	list, err := words(i.args)
	if err != nil {
		return i.errorf("%w", err)
	}
	for _, w := range list {
		name, value, ok := strings.Cut(w, "=")
		if v, set := given[name]; set {
			value, ok = v, true
		}
		if v, set := global[name]; !ok && set {
			value, ok = v, true
		}
		if ok {
			s.values[name] = value
		}
	}
	return nil
}

// apply reads one instruction of the final stage. One that it does not know is an
// error, since nothing would compare it with the image.
func (s *stage) apply(i instruction) error {
	switch i.word {
	case "ENTRYPOINT": // takes no build arguments, like CMD
		return execForm(i.args, &s.config.Entrypoint)
	case "CMD":
		return execForm(i.args, &s.config.Cmd)
	case "HEALTHCHECK":
		return s.healthcheck(i.args)
	}
	text, err := expand(i.args, s.values)
	if err != nil {
		return err
	}
	switch i.word {
	case "USER":
		s.config.User = text
		return nil
	case "COPY":
		return s.copy(text)
	case "EXPOSE":
		return s.expose(text)
	case "LABEL":
		return s.label(text)
	}
	return errors.New("is not compared with the image: build it in test/tools/image and compare it there, or leave it out")
}

// execForm reads the JSON form. The other form runs a shell, which is not there.
func execForm(args string, to *[]string) error {
	var list []string
	if err := json.Unmarshal([]byte(args), &list); err != nil || len(list) == 0 {
		return errors.New(`the image has no shell: write ["program", "argument"]`)
	}
	*to = list
	return nil
}

func (s *stage) copy(args string) error {
	list := arguments(args)
	if len(list) != 2 || !path.IsAbs(list[1]) || strings.HasSuffix(list[1], "/") {
		return errors.New("copy one file, to its whole path in the image")
	}
	s.files = append(s.files, list[1])
	return nil
}

func (s *stage) expose(args string) error {
	if s.config.ExposedPorts == nil {
		s.config.ExposedPorts = map[string]struct{}{}
	}
	for _, p := range strings.Fields(args) {
		if !strings.Contains(p, "/") {
			p += "/tcp"
		}
		s.config.ExposedPorts[p] = struct{}{}
	}
	return nil
}

func (s *stage) label(args string) error {
	list, err := words(args)
	if err != nil {
		return err
	}
	if s.config.Labels == nil {
		s.config.Labels = map[string]string{}
	}
	for _, w := range list {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return errors.New("write name=value")
		}
		s.config.Labels[name] = value
	}
	return nil
}

// healthcheck reads HEALTHCHECK --interval=10s … CMD ["program", …].
func (s *stage) healthcheck(args string) error {
	options, command, ok := strings.Cut(args, "CMD")
	if !ok {
		return errors.New(`write CMD ["program", "argument"]`)
	}
	var test []string
	if err := execForm(strings.TrimSpace(command), &test); err != nil {
		return err
	}
	h := &v1.HealthConfig{Test: append([]string{"CMD"}, test...)}
	for _, o := range strings.Fields(options) {
		name, value, _ := strings.Cut(o, "=")
		var err error
		switch name {
		case "--interval":
			h.Interval, err = time.ParseDuration(value)
		case "--timeout":
			h.Timeout, err = time.ParseDuration(value)
		case "--start-period":
			h.StartPeriod, err = time.ParseDuration(value)
		case "--retries":
			h.Retries, err = strconv.Atoi(value)
		default:
			err = errors.New("the option is not compared with the image")
		}
		if err != nil {
			return errors.Join(errors.New(o), err)
		}
	}
	s.config.Healthcheck = h
	return nil
}
