package why

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record/history"
)

// adminSource is a running heald.
type adminSource struct{ client *accounts.Client }

// Ask makes a source of a running heald's admin listener.
func Ask(client *accounts.Client) Source { return adminSource{client} }

func (a adminSource) Name() string { return "the heald at " + a.client.Address() }

func (a adminSource) Get(ctx context.Context, id string) (history.Item, error) {
	var out struct {
		Request history.Item `json:"request"`
	}
	err := a.get(ctx, "/api/requests/"+url.PathEscape(id), &out)
	return out.Request, err
}

func (a adminSource) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (page history.Page, err error) {
	q := url.Values{"api": f.APIs, "tenant": f.Tenants, "backend": f.Backends, "account": f.Accounts, "model": f.Models, "outcome": f.Outcomes, "reason": f.Reasons,
		"limit": {strconv.Itoa(limit)}}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("id", f.ID)
	set("q", f.Text)
	if before > 0 {
		set("before", strconv.FormatInt(int64(before), 10))
	}
	for name, t := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !t.IsZero() {
			set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	err = a.get(ctx, "/api/requests?"+q.Encode(), &page)
	return page, err
}

// get asks for JSON. A heald that does not know the request says so in JSON;
// one that is too old for the question does not.
func (a adminSource) get(ctx context.Context, path string, to any) error {
	status, body, err := a.client.Fetch(ctx, path)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s; you can read what it has left: --log FILE for its log, --store sqlite:PATH, or --redis with --config",
			strings.TrimPrefix(err.Error(), a.client.Address()+": "))
	}
	if err != nil {
		return err
	}
	var said struct {
		Error string `json:"error"`
	}
	is := json.Unmarshal(body, &said) == nil
	switch {
	case status == http.StatusOK && json.Unmarshal(body, to) == nil:
		return nil
	case is && said.Error == history.ErrNotFound.Error():
		return history.ErrNotFound
	case is && said.Error != "":
		return errors.New(said.Error)
	case status == http.StatusNotFound && a.client.Lives(ctx):
		return errors.New("it is too old for questions about requests: update it, or read its log with --log -")
	}
	return fmt.Errorf("the server there is not heald's admin listener (it answered %d): name the address of listen.admin in heald.yaml with --admin", status)
}

// spans are the ages for which Reach asks.
var spans = []time.Duration{30 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour, time.Hour, 10 * time.Minute, 0}

// Reach asks whether there is anything older than each of them.
func (a adminSource) Reach(ctx context.Context) string {
	now := time.Now()
	for _, d := range spans {
		page, err := a.Query(ctx, history.Filter{Until: now.Add(-d)}, 0, 1)
		found := len(page.Items) > 0 || page.Next > 0
		switch {
		case err != nil:
			return "does not say how far back it reaches"
		case found && d == 0:
			return "reaches back less than 10 minutes"
		case found:
			return "reaches back to " + now.Add(-d).Local().Format("2006-01-02 15:04 MST") + " at least"
		}
	}
	return "has no requests"
}
