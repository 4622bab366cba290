// Package images speaks the OpenAI Images API: /images/generations, and
// /images/edits as a form or as JSON.
//
// A request becomes a conversation of one message, the images that came with it
// and then the prompt, to a model that answers with an image alone. Size and
// format are settled where all requests are rendered, since they depend on the
// model. The answer is held whole, also for a client that wants events: there is
// nothing to send before an image is complete, and until then everything that
// fails can be tried again. An answer without an image is an error.
//
// Known limits: no URLs of images, since none are kept; no masks, no variations,
// no partial images; as many images as the model gives at once, which is one.
package images
