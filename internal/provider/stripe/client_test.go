package stripe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const testKey = "sk_test_the-secret-key"

// vendor is a server that answers every request in one way.
func vendor(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return New(Config{BaseURL: server.URL, Key: testKey, HTTP: server.Client()})
}

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestEachCallCarriesTheKeyTheVersionAndOnAWriteItsIdempotencyKey(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		if h.Get("Authorization") != "Bearer "+testKey || h.Get("Stripe-Version") != "2023-10-16" || h.Get("X-Stripe-Client-Telemetry") != "" {
			t.Errorf("%s %s: %v", r.Method, r.URL, h)
		}
		if want := map[string]string{http.MethodPost: "org_1:customer"}[r.Method]; h.Get("Idempotency-Key") != want {
			t.Errorf("%s with the key %q", r.Method, h.Get("Idempotency-Key"))
		}
		_, _ = io.WriteString(w, `{"id":"cus_1","object":"customer","email":"a@example.com","created":1700000000,"invoice_settings":{"default_payment_method":"pm_1"},"metadata":{"organization":"org_1"}}`)
	})
	made, err := c.EnsureCustomer(t.Context(), "org_1:customer", NewCustomer{Email: "a@example.com"})
	if err != nil || made.ID != "cus_1" || made.DefaultPaymentMethod != "pm_1" || made.Metadata["organization"] != "org_1" || made.Created.Unix() != 1_700_000_000 {
		t.Errorf("%+v, %v", made, err)
	}
	if _, err := c.Customer(t.Context(), "cus_1"); err != nil {
		t.Error(err)
	}
}

func TestNoWriteIsSentWithoutAKeyAndNoIDLeavesItsPlaceInThePath(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s %s", r.Method, r.URL) })
	for _, key := range []string{"", strings.Repeat("k", 256)} {
		_, err := c.CancelNow(t.Context(), key, "sub_1")
		_, other := c.EnsureCustomer(t.Context(), key, NewCustomer{})
		if !errors.Is(err, errNoKey) || !errors.Is(other, errNoKey) || Unsure(err) {
			t.Errorf("the key %.5q: %v, %v", key, err, other)
		}
	}
	for _, id := range []string{"", "..", "a/b", "a?limit=1", strings.Repeat("a", 256), "sub_1\n"} {
		_, one := c.Subscription(t.Context(), id)
		_, two := c.Detach(t.Context(), "k", id)
		_, three := c.Session(t.Context(), id)
		_, four := c.Portal(t.Context(), "k", id, "")
		_, five := c.ChangePrice(t.Context(), "k", Change{Subscription: "sub_1", Item: id, Price: "price_1"})
		for _, err := range []error{one, two, three, four, five} {
			if !errors.Is(err, errBadID) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
}

func TestRefusalsSayWhetherTheyMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	const refused, temporary, unsure, missing, declined, reused = 1, 2, 4, 8, 16, 32
	for name, test := range map[string]struct {
		status int
		body   string
		want   int
	}{
		"bad parameter": {400, `{"error":{"type":"invalid_request_error","param":"price","message":"No"}}`, refused},
		"missing":       {404, `{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No"}}`, refused | missing},
		"missing part":  {400, `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"customer","message":"No"}}`, refused | missing},
		"declined":      {402, `{"error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor","message":"No"}}`, refused | declined},
		"wrong key":     {401, `{"error":{"type":"invalid_request_error","message":"Invalid key ` + testKey + `"}}`, refused},
		"key reused":    {400, `{"error":{"type":"idempotency_error","message":"No"}}`, refused | reused},
		"key in use":    {409, `{"error":{"type":"idempotency_error","code":"idempotency_key_in_use","message":"No"}}`, temporary | unsure},
		"busy":          {429, `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"No"}}`, temporary},
		"broken":        {500, `{"error":{"type":"api_error","message":"No"}}`, temporary | unsure},
		"proxy's page":  {502, `<html>bad gateway</html>`, unsure},
		"no JSON":       {200, `<html>please log in</html>`, unsure},
		"empty":         {503, ``, unsure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := vendor(t, says(test.status, "application/json", test.body))
			_, err := c.CancelAtPeriodEnd(t.Context(), "k", "sub_1")
			if err == nil || strings.Contains(err.Error(), testKey) {
				t.Fatalf("%v", err)
			}
			got := 0
			var e *Error
			_ = errors.As(err, &e)
			for flag, holds := range map[int]bool{
				unsure: Unsure(err), missing: NotFound(err),
				refused: e != nil && e.Refused(), temporary: e != nil && e.Temporary(), declined: e != nil && e.Declined(), reused: e != nil && e.KeyReused(),
			} {
				if holds {
					got |= flag
				}
			}
			if got != test.want {
				t.Errorf("%v: %b, want %b", err, got, test.want)
			}
		})
	}
}

func TestRetryAfterIsReadAndCapped(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-3": 0, "99999999999": 10 * time.Minute, "soon": 0} {
		if got := retryAfter(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestAListIsReadToItsEndAndNotBeyondTheBound(t *testing.T) {
	t.Parallel()
	asked := 0
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if asked > 1 && r.URL.Query().Get("starting_after") != "sub_x" {
			t.Errorf("the next page is %s", r.URL)
		}
		_, _ = io.WriteString(w, `{"object":"list","has_more":true,"data":[`+strings.Repeat(`{"id":"sub_x","object":"subscription"},`, 99)+`{"id":"sub_x","object":"subscription"}]}`)
	})
	_, err := c.Subscriptions(t.Context(), "cus_1")
	if !errors.Is(err, errTooBig) || asked > maxListed/pageSize+1 {
		t.Errorf("%v after %d pages", err, asked)
	}
	page, more, err := c.SubscriptionPage(t.Context(), Page{Limit: 100, After: "sub_x"})
	if err != nil || !more || len(page) != 100 {
		t.Errorf("%d, %v, %v", len(page), more, err)
	}
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	c := vendor(t, func(w http.ResponseWriter, _ *http.Request) {
		blanks := []byte(strings.Repeat(" ", 1<<20))
		for {
			if _, err := w.Write(blanks); err != nil {
				return
			}
		}
	})
	_, err := c.Invoice(t.Context(), "in_1")
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("%v", err)
	}
}

func TestARedirectIsNotFollowedWithTheKey(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("followed to %s", r.URL) }))
	t.Cleanup(elsewhere.Close)
	c := vendor(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := c.Customer(t.Context(), "cus_1"); err == nil {
		t.Error("a redirect is no answer")
	}
}

func TestASilentVendorIsLeftWhenTheCallerLeavesAndHasADeadlineAnyway(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 2)
	c := vendor(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Customer(ctx, "cus_1"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	bare := New(Config{Key: testKey, HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if at, ok := r.Context().Deadline(); !ok || time.Until(at) > callTimeout {
			t.Errorf("%s without a deadline", r.URL)
		}
		return nil, errors.New("no network")
	})}})
	if _, err := bare.Customer(t.Context(), "cus_1"); err == nil {
		t.Error("no network, and an answer")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
