package account

import "go.uber.org/zap/zapcore"

// Secret is a credential. It prints as "[redacted]" whichever way it is printed;
// only Reveal returns it.
type Secret struct{ value string }

const redacted = "[redacted]"

// NewSecret wraps a credential.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the credential, for the header it travels in.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no credential.
func (s Secret) Empty() bool { return s.value == "" }

// String hides the credential from fmt.
func (s Secret) String() string { return redacted }

// GoString hides the credential from %#v.
func (s Secret) GoString() string { return redacted }

// MarshalText hides the credential from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalLogObject hides the credential from zap.
func (s Secret) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("secret", redacted)
	return nil
}
