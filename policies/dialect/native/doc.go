// Package native speaks Google's own Gemini API to clients: gemini-cli and
// Google's SDKs, with the paths of AI Studio and of Vertex AI.
//
// # Requests
//
// The body is the upstream's own language, so it is not decoded and written
// anew: [Dialect.Repair] walks it once, token by token, and notes what must
// change for the target. A body that is fit for its target goes out unchanged,
// byte for byte; in any other body only the bytes that must change do. What is
// changed:
//
//   - what only one of the two APIs knows: it is translated for the other (the
//     service tier, a schema by its old name, a media type), left out with a
//     warning, or, if the answer depends on it, refused with an error that says
//     what to do (foreign.go, repair.go, part.go, tools.go);
//   - roles that are neither user nor model (content.go); arguments and results
//     that are no objects (part.go);
//   - a history that upstream would refuse, or answer with an empty reply:
//     calls and results that do not match, have no ids or no signature, a
//     model's turn first, empty parts. gemini.HistoryCheck finds them as the
//     body is walked. Then the body is walked again, gemini.NativeHistory mends
//     the history by the rules of all dialects, and the result is repaired once
//     more as a body of its own (content.go, fitted.go);
//   - thinking and limits that the model is known to refuse (thinking.go,
//     generation.go);
//   - on a second try, what makes a schema too complex (relax.go);
//   - the wrapper of countTokens, which only AI Studio has (count.go);
//   - labels and the like where the policy does not allow them. What else needs
//     the account's rights is asked for (gemini.Options.Resource), and may refuse
//     the request.
//
// # Replies
//
// The upstream is always asked for a stream. Its frames go to the client as
// they are, as events (alt=sse) or as elements of an array, or are folded into
// one document (frames.go, fold.go). Only the end is the encoder's own: an error
// object where the answer broke off.
//
// # Memory
//
// A repaired body is the body itself or a new slice. Encoders keep nothing of
// a frame but copies, and only the one for a document keeps any.
//
// # Known limits
//
// Schemas are not compiled: if the upstream refuses one for another reason than
// its complexity, the client gets that error. Enums are sent as names even if
// the client asked for numbers ($alt=json;enum-encoding=int), which clients
// that parse proto JSON take as well. Google sends no keep-alives, and some of
// its SDKs take a comment line for a broken event: ours are blank lines.
package native
