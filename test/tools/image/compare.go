package main

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// differences names what the Dockerfile says otherwise than the image does. The
// order of files, ports and labels means nothing.
func differences(dockerfile, image *stage) error {
	var errs []error
	compare := func(what string, d, i any) {
		if !reflect.DeepEqual(d, i) {
			errs = append(errs, fmt.Errorf("%s: the Dockerfile says %s, the image %s", what, show(d), show(i)))
		}
	}
	d, i := dockerfile.config, image.config
	compare("FROM", dockerfile.base, image.base)
	compare("COPY", slices.Sorted(slices.Values(dockerfile.files)), slices.Sorted(slices.Values(image.files)))
	compare("USER", d.User, i.User)
	compare("ENTRYPOINT", d.Entrypoint, i.Entrypoint)
	compare("CMD", d.Cmd, i.Cmd)
	compare("EXPOSE", slices.Sorted(maps.Keys(d.ExposedPorts)), slices.Sorted(maps.Keys(i.ExposedPorts)))
	compare("HEALTHCHECK", health(d), health(i))
	labels := map[string]bool{}
	for name := range d.Labels {
		labels[name] = true
	}
	for name := range i.Labels {
		labels[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		compare("LABEL "+name, labelValue(d, name), labelValue(i, name))
	}
	// What else an image could say, no instruction in the Dockerfile has said.
	for _, c := range []*v1.Config{&d, &i} {
		c.User, c.Entrypoint, c.Cmd, c.ExposedPorts, c.Healthcheck, c.Labels = "", nil, nil, nil, nil, nil
	}
	compare("other settings", d, i)
	return errors.Join(errs...)
}

func health(c v1.Config) v1.HealthConfig {
	if c.Healthcheck == nil {
		return v1.HealthConfig{}
	}
	return *c.Healthcheck
}

// labelValue is a label's value, or nothing, which differs from an empty value.
func labelValue(c v1.Config, name string) []string {
	if v, ok := c.Labels[name]; ok {
		return []string{v}
	}
	return nil
}

func show(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []string:
		if len(v) == 0 {
			return "nothing"
		}
		return fmt.Sprintf("%q", v)
	case v1.HealthConfig:
		if v.Test == nil {
			return "nothing"
		}
		return fmt.Sprintf("%q every %v within %v, from %v on, %d retries", v.Test, v.Interval, v.Timeout, v.StartPeriod, v.Retries)
	}
	return fmt.Sprintf("%+v", v)
}
