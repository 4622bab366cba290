package media

import (
	"path"
	"strings"
)

// Types that have a rule of their own.
const (
	plain  = "text/plain"
	png    = "image/png"
	jpeg   = "image/jpeg"
	gif    = "image/gif"
	bmp    = "image/bmp"
	tiff   = "image/tiff"
	svg    = "image/svg+xml"
	pdf    = "application/pdf"
	zipped = "application/zip"
)

// taken are the types that Gemini documents, except text.
var taken = set(
	png, jpeg, "image/webp", "image/heic", "image/heif", pdf,
	"audio/wav", "audio/mp3", "audio/mpeg", "audio/mpga", "audio/aiff", "audio/aac", "audio/ogg", "audio/flac",
	"audio/m4a", "audio/mp4", "audio/opus", "audio/pcm", "audio/l16", "audio/webm",
	"video/mp4", "video/mpeg", "video/mpegps", "video/mpg", "video/mov", "video/avi", "video/x-flv", "video/flv",
	"video/webm", "video/wmv", "video/3gpp",
)

// texts are the types of text that Gemini documents; others are sent as
// text/plain, as Gemini reads them.
var texts = set(plain, "text/html", "text/css", "text/csv", "text/xml", "text/markdown", "text/javascript",
	"text/x-python", "text/x-typescript")

// common are the types that every multimodal model takes.
var common = set(png, jpeg, "image/webp", "image/heic", pdf, plain, "audio/wav", "audio/mp3", "audio/mpeg", "video/mp4")

// inAnswers are the types that a functionResponse takes.
var inAnswers = set(png, jpeg, "image/webp", pdf, plain)

// InAnswers reports whether a functionResponse may carry a file of this type.
func InAnswers(mime string) bool { return inAnswers[mime] }

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// canonical maps types as clients write them to Gemini's names.
var canonical = map[string]string{
	"image/jpg": jpeg, "image/pjpeg": jpeg, "image/jpe": jpeg, "image/x-jpeg": jpeg, "image/x-jpg": jpeg,
	"image/x-png": png, "image/apng": png, "image/x-webp": "image/webp",
	"image/heic-sequence": "image/heic", "image/heif-sequence": "image/heif",
	"image/x-ms-bmp": bmp, "image/x-bmp": bmp, "image/x-windows-bmp": bmp, "image/tif": tiff, "image/x-tiff": tiff,
	"image/svg": svg, "image/x-gif": gif,

	"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/x-pn-wav": "audio/wav",
	"audio/x-mp3": "audio/mp3", "audio/mpeg3": "audio/mp3", "audio/x-mpeg-3": "audio/mp3", "audio/x-mpeg": "audio/mp3", "audio/mpg": "audio/mp3",
	"audio/x-aiff": "audio/aiff", "audio/aif": "audio/aiff", "audio/x-aac": "audio/aac", "audio/aacp": "audio/aac",
	"audio/vorbis": "audio/ogg", "audio/x-ogg": "audio/ogg", "application/ogg": "audio/ogg", "audio/oga": "audio/ogg",
	"audio/x-flac": "audio/flac", "audio/x-m4a": "audio/m4a", "audio/x-mp4": "audio/mp4", "audio/x-opus": "audio/opus",
	"audio/x-pcm": "audio/pcm",

	"video/quicktime": "video/mov", "video/x-msvideo": "video/avi", "video/vnd.avi": "video/avi", "video/msvideo": "video/avi",
	"video/x-ms-wmv": "video/wmv", "video/x-ms-asf": "video/wmv", "video/x-m4v": "video/mp4", "video/m4v": "video/mp4",
	"video/3gp": "video/3gpp", "video/x-mpeg": "video/mpeg", "video/x-webm": "video/webm",

	"application/x-pdf": pdf, "application/acrobat": pdf, "text/pdf": pdf, "application/pdf-document": pdf,
	"application/x-zip-compressed": zipped, "application/x-zip": zipped,

	"text/md": "text/markdown", "text/x-markdown": "text/markdown", "text/csv-schema": plain,
	"application/csv": "text/csv", "application/x-csv": "text/csv", "text/x-csv": "text/csv", "text/comma-separated-values": "text/csv",
	"application/xml": "text/xml", "application/xhtml+xml": "text/html",
	"application/javascript": "text/javascript", "application/x-javascript": "text/javascript", "text/x-javascript": "text/javascript",
	"application/x-python": "text/x-python", "application/x-python-code": "text/x-python", "text/python": "text/x-python",
	"application/typescript": "text/x-typescript", "application/x-typescript": "text/x-typescript", "text/typescript": "text/x-typescript",
}

// readable are types of text that do not begin with text/.
var readable = set("application/json", "application/jsonl", "application/x-ndjson", "application/ndjson", "application/yaml",
	"application/x-yaml", "application/toml", "application/sql", "application/graphql", "application/x-sh", "application/x-shellscript",
	"application/x-httpd-php", "application/rtf", "application/x-tex", "application/x-latex", "application/x-subrip", "application/ecmascript",
	"application/x-ruby", "application/x-perl", "application/x-go", "application/x-java", "application/x-rust", "application/mbox")

// byExtension are types by the extension of a name. The standard library's
// table depends on the machine.
var byExtension = map[string]string{
	".png": png, ".jpg": jpeg, ".jpeg": jpeg, ".jpe": jpeg, ".webp": "image/webp", ".heic": "image/heic", ".heif": "image/heif",
	".gif": gif, ".bmp": bmp, ".tif": tiff, ".tiff": tiff, ".svg": svg, ".avif": "image/avif", ".ico": "image/x-icon", ".pdf": pdf,

	".mp3": "audio/mp3", ".wav": "audio/wav", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/opus", ".flac": "audio/flac",
	".mpga": "audio/mp3", ".aac": "audio/aac", ".m4a": "audio/mp4", ".aif": "audio/aiff", ".aiff": "audio/aiff",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mov", ".webm": "video/webm", ".mpeg": "video/mpeg", ".mpg": "video/mpg",
	".avi": "video/avi", ".flv": "video/x-flv", ".wmv": "video/wmv", ".3gp": "video/3gpp",

	".txt": plain, ".md": "text/markdown", ".markdown": "text/markdown", ".html": "text/html", ".htm": "text/html",
	".csv": "text/csv", ".xml": "text/xml", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript",
	".py": "text/x-python", ".ts": "text/x-typescript", ".tsx": "text/x-typescript", ".json": "application/json",

	".zip": zipped,
	".gz":  "application/gzip", ".tgz": "application/gzip", ".exe": "application/x-msdownload", ".mkv": "video/x-matroska",
}

func init() {
	for mime, kind := range offices {
		if kind.ext != "" {
			byExtension[kind.ext] = mime
		}
	}
	for _, ext := range strings.Fields(`.log .text .tsv .tab .yaml .yml .toml .ini .cfg .conf .env .properties .jsonl .ndjson .json5 .rst .tex
		.go .rs .c .h .cc .cpp .hpp .cxx .cs .java .kt .kts .scala .swift .m .mm .rb .php .pl .pm .lua .r .jl .sh .bash .zsh .fish .ps1 .bat .cmd
		.sql .graphql .gql .proto .jsx .cjs .vue .svelte .dart .ex .exs .erl .hs .ml .clj .lisp .el .vim .tf .hcl .gradle .cmake .mk .dockerfile
		.diff .patch .srt .vtt .ics .eml .rtf .ipynb .scss .sass .less .bib .adoc .org .asm .s .zig .nim .sol .lock .gitignore`) {
		byExtension[ext] = plain
	}
}

// ByName guesses a type by the name of a file; "" if unknown.
func ByName(name string) string {
	switch base := strings.ToLower(path.Base(name)); base {
	case "dockerfile", "makefile", "license", "readme":
		return plain
	default:
		return byExtension[path.Ext(base)]
	}
}

// Canonical returns the type as Gemini writes it: in lower case, without
// parameters but those of raw sound, and by its registered name.
func Canonical(mime string) string {
	name, params, _ := strings.Cut(mime, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if named := byExtension["."+name]; named != "" {
		name = named // png
	}
	if p := canonical[name]; p != "" {
		name = p
	}
	if params != "" && (name == "audio/l16" || name == "audio/pcm") {
		return mime // the sample rate is a parameter
	}
	return name
}

// isText reports whether a type says that a file is text.
func isText(mime string) bool {
	return strings.HasPrefix(mime, "text/") || readable[mime] || mime != svg &&
		(strings.HasSuffix(mime, "+json") || strings.HasSuffix(mime, "+xml") || strings.HasSuffix(mime, "+yaml"))
}

// Supported reports whether Gemini takes files of a type, written as Canonical does.
func Supported(mime string) bool {
	name, _, _ := strings.Cut(mime, ";")
	return taken[strings.ToLower(name)] || texts[mime]
}

// ByReference decides the type of a file that is given by its address. why is
// the reason for the client if Gemini does not take it.
func ByReference(mime, address string) (_, why string) {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	refuses := func(t string) bool {
		return isOffice(t) || formats[t].read != nil && !taken[t] || t == svg
	}
	if named := ByName(address); !Supported(mime) && (Supported(named) || isText(named) || refuses(named)) {
		mime = named
	}
	if isText(mime) && !texts[mime] {
		mime = plain
	}
	switch {
	case isOffice(mime):
		why = unreadable(mime)
	case refuses(mime):
		why = "the model cannot read " + mime + " by its address; send the data inline"
	}
	return mime, why
}
