// Command heald stands in for the real one: it prints a version.
package main

import "os"

var version = "unset"

func main() { os.Stdout.WriteString("heald " + version + " go0.0.0 linux/any\n") }
