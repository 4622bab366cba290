package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// fetch has the IAM credentials API make a token of the target with a token that
// may do so (iamcredentials v1, projects.serviceAccounts.generateAccessToken).
func (t *target) fetch(ctx context.Context, client *http.Client, with account.Secret, scopes []string, a *answer) (Token, error) {
	seconds := t.seconds
	if seconds == 0 {
		seconds = int(usual.Seconds())
	}
	body, err := json.Marshal(map[string]any{"delegates": t.delegates, "scope": scopes, "lifetime": fmt.Sprintf("%ds", seconds)})
	if err != nil {
		return Token{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return Token{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+with.Reveal())
	text, err := post(client, req)
	if err != nil {
		return Token{}, err
	}
	var got struct {
		AccessToken string    `json:"accessToken"`
		ExpireTime  time.Time `json:"expireTime"`
	}
	if json.Unmarshal(text, &got) != nil {
		return Token{}, errors.New("the answer of the IAM credentials API holds no token")
	}
	return Token{account.NewSecret(got.AccessToken), a.until(got.ExpireTime)}, nil
}

// until is the time left until t on the server's clock.
func (a *answer) until(t time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Until(t.Add(a.ahead))
}

// errAnswer is the error of an unsuccessful answer, which listener has
// recorded.
var errAnswer = errors.New("the token endpoint refused")

// post sends a request and returns the body of a successful answer.
func post(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, errAnswer
	}
	return body, nil
}
