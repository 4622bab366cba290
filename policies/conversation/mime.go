package conversation

import "regexp"

// longestMIME bounds a media type, in bytes: two names of RFC 6838, which are
// of at most 127, and their parameters.
const longestMIME = 512

// mime is type/subtype in the characters of RFC 6838 and parameters as RFC 9110
// writes them, but without spaces in quoted values.
var mime = regexp.MustCompile(`^[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(?:[ \t]*;[ \t]*[\w!#$&^.+-]+=(?:[\w!#$%&'*^.+|~` + "`" + `-]+|"[!#-\[\]-~]*"))*$`)

// ValidMIME reports whether s is a media type, with parameters or without. The
// provider's errors repeat media types without quotes, so no sentence may pass
// for one.
func ValidMIME(s string) bool { return len(s) <= longestMIME && mime.MatchString(s) }
