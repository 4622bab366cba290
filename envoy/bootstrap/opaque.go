package bootstrap

import (
	"fmt"
	"strconv"

	udpa "github.com/cncf/xds/go/udpa/type/v1"
	xds "github.com/cncf/xds/go/xds/type/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// typedStruct is the type that carries an extension's fields as JSON, together
// with the extension's own type. Envoy reads it as that extension.
const typedStruct = "type.googleapis.com/xds.type.v3.TypedStruct"

// opaque is an extension that could not be read.
type opaque struct{ path, url string }

// opaques finds the extensions below m that heald cannot read.
func opaques(m proto.Message, path string) []opaque {
	var found []opaque
	walk(m.ProtoReflect(), path, func(at, url string) { found = append(found, opaque{at, url}) })
	return found
}

// walk visits every message below m and calls unread for extensions whose
// fields cannot be seen.
func walk(m protoreflect.Message, path string, unread func(path, url string)) {
	switch v := m.Interface().(type) {
	case *anypb.Any:
		inner, err := v.UnmarshalNew()
		if err != nil {
			unread(path, v.GetTypeUrl())
			return
		}
		walk(inner.ProtoReflect(), path, unread)
		return
	case *xds.TypedStruct:
		unread(path, v.GetTypeUrl())
		return
	case *udpa.TypedStruct:
		unread(path, v.GetTypeUrl())
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := join(path, f.TextName())
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
					walk(v.Message(), fmt.Sprintf("%s[%s]", at, k.String()), unread)
					return true
				})
			}
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				item := v.List().Get(i).Message()
				walk(item, fmt.Sprintf("%s[%s]", at, itemLabel(item, i)), unread)
			}
		default:
			walk(v.Message(), at, unread)
		}
		return true
	})
}

// itemLabel names an item of a list: by its name if it has one, else its
// number.
func itemLabel(m protoreflect.Message, i int) string {
	f := m.Descriptor().Fields().ByName("name")
	if f != nil && f.Kind() == protoreflect.StringKind && !f.IsList() {
		if name := m.Get(f).String(); name != "" {
			return name
		}
	}
	return strconv.Itoa(i)
}
