package exchange

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/listing"
	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/policies/route"
)

// The backends' lists of their models are fetched through the listener of
// resumptions, where there is one. A fetch has no effects on accounts: another
// quota and other permissions stand behind it, so what happens to it says nothing
// of requests, good or bad.

const (
	// listBytes bounds one page of a list.
	listBytes = 4 << 20
	// listPages and listModels bound one list.
	listPages, listModels = 20, 10_000
	// listAccounts is how many accounts are asked for one list.
	listAccounts = 3
)

// listFailed logs a list that could not be fetched.
func (x *Exchange) listFailed(of route.Source, err error) {
	x.log.Warn("the list of models could not be fetched: heald's own table is used, and the list that was fetched last (said once)",
		zap.String("backend", of.Name), zap.String("error", x.forLog(err.Error())))
}

// fetchList fetches the list of a backend, and asks another account if one is
// refused.
func (x *Exchange) fetchList(ctx context.Context, of route.Source) ([]listing.Model, error) {
	err := errors.New("the backend has no account that may be asked")
	for _, a := range x.accounts.Ready(of.Name, listAccounts) {
		if why := a.Unusable(); why != "" {
			err = errors.New("account " + a.ID + ": " + why)
			continue
		}
		var models []listing.Model
		name, value := a.Header()
		credential := policies.Headers{{Name: name, Value: value}}
		if quota := a.QuotaProject(); quota != "" {
			credential = append(credential, policies.Header{Name: quotaHeader, Value: quota})
		}
		if models, err = x.fetchPages(ctx, of, credential); !ofAccount(err) {
			return models, err
		}
	}
	return nil, err
}

// ofAccount reports an error that another account may not get.
func ofAccount(err error) bool {
	var refusal *resume.Refusal
	return errors.As(err, &refusal) && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, refusal.Status)
}

// fetchPages fetches all pages of a list with one credential.
func (x *Exchange) fetchPages(ctx context.Context, of route.Source, credential policies.Headers) (all []listing.Model, err error) {
	target := gemini.Target{Version: of.Version}
	if of.Kind == route.Vertex {
		target.Kind = gemini.Vertex
	}
	token := ""
	for range listPages {
		page, err := x.rest.Get(ctx, &policies.Forward{
			Cluster: of.Cluster, Path: target.ListPath(token), Authority: of.Authority,
			Set: append(policies.Headers{{Name: "accept", Value: "application/json"}, {Name: "user-agent", Value: "heald"}}, credential...),
		}, listBytes)
		if err != nil {
			return nil, err
		}
		models, next, err := listing.Parse(page)
		if err != nil {
			return nil, err
		}
		all = append(all, models...)
		switch {
		case len(all) > listModels:
			return nil, errors.New("the list has too many models")
		case next == "":
			return all, nil
		}
		token = next
	}
	return nil, errors.New("the list has too many pages")
}
