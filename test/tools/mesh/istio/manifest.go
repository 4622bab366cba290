package istio

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// read parts the documents of files into those of Istio's kinds and all others.
func read(files ...string) (istio, kubernetes string, err error) {
	var own, other []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", "", err
		}
		for i, doc := range strings.Split("\n"+string(text), "\n---") {
			var head struct {
				APIVersion string `json:"apiVersion"`
			}
			if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
				return "", "", fmt.Errorf("%s, document %d: %w", file, i+1, err)
			}
			switch {
			case head.APIVersion == "": // comments alone
			case strings.Contains(head.APIVersion, "istio.io/"):
				own = append(own, strings.TrimSpace(doc))
			default:
				other = append(other, strings.TrimSpace(doc))
			}
		}
	}
	return strings.Join(own, "\n---\n") + "\n", strings.Join(other, "\n---\n") + "\n", nil
}
