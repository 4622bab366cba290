package sqlite

import (
	"context"
	"errors"
	"slices"

	"github.com/heald-proxy/heald/policies/record/history"
)

var _ history.Faceter = (*Reader)(nil)

// mostNames bounds the names of one facet: clients choose those of models.
const mostNames = 200

// Facets are the words of all requests. With very many, the less frequent ones are
// left out.
func (r *Reader) Facets(ctx context.Context) (out history.Facets, err error) {
	rows, err := r.db.QueryContext(ctx, `SELECT kind, word FROM (SELECT kind, word, row_number() OVER (PARTITION BY kind ORDER BY uses DESC, word) AS place FROM words
		WHERE word <> '' AND uses > 0) WHERE place <= ?`, mostNames)
	if err != nil {
		return out, worded(err)
	}
	defer func() { err = errors.Join(err, worded(rows.Close())) }()
	lists := map[kind]*[]string{api: &out.APIs, tenant: &out.Tenants, backend: &out.Backends, account: &out.Accounts, model: &out.Models, outcome: &out.Outcomes, reason: &out.Reasons}
	for _, list := range lists {
		*list = []string{}
	}
	for rows.Next() {
		var k kind
		var word string
		if err := rows.Scan(&k, &word); err != nil {
			return out, worded(err)
		}
		if list := lists[k]; list != nil {
			*list = append(*list, word)
		}
	}
	for _, list := range lists {
		slices.Sort(*list)
	}
	return out, worded(rows.Err())
}
