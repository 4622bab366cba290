package route

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// modelPage is a part of the list of models, in its order.
type modelPage struct {
	models []Listed
	more   bool // in the direction of paging
}

// longestPage is both APIs' limit on the models of a page.
const longestPage = 1000

// claudePage cuts the page that limit and after_id or before_id ask for. With
// before_id paging goes backwards: the page ends just before it.
func claudePage(models []Listed, query string) (modelPage, error) {
	q, _ := url.ParseQuery(query) // an invalid query counts as empty
	size := pageSize(20, q.Get("limit"))
	after, err := indexOf(models, "after_id", q.Get("after_id"))
	if err != nil {
		return modelPage{}, err
	}
	before, err := indexOf(models, "before_id", q.Get("before_id"))
	if err != nil {
		return modelPage{}, err
	}
	if before >= 0 {
		models = models[min(after+1, before):before]
		from := max(len(models)-size, 0)
		return modelPage{models[from:], from > 0}, nil
	}
	return firstPage(models[after+1:], size), nil
}

// nativePage cuts the page that pageSize and pageToken ask for. A token is the
// name of the last model of the page before.
func nativePage(models []Listed, query string) (modelPage, error) {
	q, _ := url.ParseQuery(query)
	after, err := indexOf(models, "pageToken", q.Get("pageToken")+q.Get("page_token"))
	if err != nil {
		return modelPage{}, err
	}
	return firstPage(models[after+1:], pageSize(50, q.Get("pageSize"), q.Get("page_size"))), nil
}

func firstPage(models []Listed, size int) modelPage {
	size = min(size, len(models))
	return modelPage{models[:size], size < len(models)}
}

// pageSize is the first of asked that is a number of models.
func pageSize(otherwise int, asked ...string) int {
	for _, s := range asked {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			return min(n, longestPage)
		}
	}
	return otherwise
}

// indexOf finds the model that a parameter names; -1 for "". Starting over for
// an unknown name would make a client loop.
func indexOf(models []Listed, param, name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if i := slices.IndexFunc(models, func(m Listed) bool { return m.Name == name }); i >= 0 {
		return i, nil
	}
	return -1, &conversation.Error{Kind: conversation.ErrInvalid, Param: param,
		Message: param + ": no model of this list is called " + strconv.Quote(name) + "; begin again without it"}
}
