// Package images speaks the OpenAI Images API: /images/generations, and
// /images/edits as a form or as JSON.
//
// A request becomes a conversation of one message, the images images that came
// with the prompt and then the prompt, to a model that answers with an image
// alone. Size and format are settled where all requests are rendered, since
// they depend on the model. The answer is held whole, also for a client that
// wants events: nothing can be sent before an image is complete, and until then
// a failure can be retried. An answer without an image is an error.
//
// Known limits: no URLs of images, since none are kept; no masks, no
// variations, no partial images; one image per request, as the model gives.
package images
