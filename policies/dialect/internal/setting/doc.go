// Package setting reads those settings of a request that mean the same in
// every dialect: the model, the effort, the session, the format of the answer.
package setting
