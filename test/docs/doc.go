// Package docs holds the documents for operators against the code: a word that
// they explain must be one that heald writes, and the other way round.
package docs
