package sandbox_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/sandbox"
)

// Bills are found by indexes. Whatever was added, edited and saved in whatever order, a search finds what looking at all
// of them finds.
func TestSearchesFindWhatIsThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newErply(t, sandbox.Options{LenientErply: true, Limits: sandbox.Limits{ErplyPerHour: 1_000_000, ErplyPer30s: 1_000_000}})
		ids := rapid.SliceOfNDistinct(rapid.Int64Range(1, 60), 1, 40, rapid.ID).Draw(r, "ids")
		value := rapid.SampledFrom([]string{"1", "2", "3", "null"})
		want := map[int64]string{}
		for _, id := range ids {
			b := bill("10.00")
			b.ID = id
			if v := value.Draw(r, "added"); v != "null" {
				b.Attributes["a"], want[id] = v, v
			}
			w.AddBill(b)
		}
		for range rapid.IntRange(0, 40).Draw(r, "changes") {
			id, v := rapid.SampledFrom(ids).Draw(r, "id"), value.Draw(r, "changed")
			if rapid.Bool().Draw(r, "by hand") {
				w.EditBill(id, func(b *sandbox.Bill) {
					if b.Attributes["a"] = v; v == "null" {
						delete(b.Attributes, "a")
					}
				})
			} else {
				require.Equal(r, "0", w.erply("savePurchaseDocument", "id", text(id), "attributeName1", "a", "attributeValue1", v).code)
			}
			if want[id] = v; v == "null" {
				delete(want, id)
			}
		}

		for _, v := range []string{"1", "2", "3"} {
			holders := []string{}
			for _, id := range slices.Sorted(maps.Keys(want)) {
				if want[id] == v {
					holders = append(holders, text(id))
				}
			}
			got := w.erply("getPurchaseDocuments", "searchAttributeName", "a", "searchAttributeValue", v, "orderBy", "id", "recordsOnPage", "100")
			require.Equal(r, holders, column(got.records, "id"))
		}
		slices.Sort(ids)
		var all []string
		for _, id := range ids {
			all = append(all, text(id))
		}
		got := w.erply("getPurchaseDocuments", "orderBy", "id", "recordsOnPage", "100")
		require.Equal(r, all, column(got.records, "id"))
		got = w.erply("getPurchaseDocuments", "ids", strings.Join(append(slices.Clone(all), "77", all[0]), ","), "recordsOnPage", "100")
		slices.Reverse(all)
		require.Equal(r, all, column(got.records, "id"), "newest first, each once")
	})
}

// BenchmarkErply is how long a bulk call takes in a world of 100 000 bills.
func BenchmarkErply(b *testing.B) {
	s := sandbox.New(sandbox.Options{Limits: sandbox.Limits{ErplyPerHour: 1 << 30, ErplyPer30s: 1 << 30}})
	for i := range 100_000 {
		s.AddBill(sandbox.Bill{Currency: "EUR", Total: "120.00", Confirmed: 1, Attributes: map[string]string{"precoroInvoiceID": strconv.Itoa(7001 + i)}})
	}
	call := func(form url.Values) string {
		form.Set("clientCode", "123456")
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "https://any.example/erply/api/", strings.NewReader(form.Encode()))
		require.NoError(b, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := s.Transport().RoundTrip(r)
		require.NoError(b, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(b, err)
		require.NoError(b, response.Body.Close())
		return string(body)
	}
	login := call(url.Values{"request": {"verifyUser"}, "username": {"robot"}, "password": {"erply-password"}})
	key := regexp.MustCompile(`"sessionKey":"([^"]+)"`).FindStringSubmatch(login)[1]

	var ids []string
	for i := range 100 {
		ids = append(ids, strconv.Itoa(1001+997*i))
	}
	for _, c := range []struct {
		name  string
		subs  int
		sub   func(i int) map[string]string
		found int
	}{
		{"100 searches by attribute", 100, func(i int) map[string]string {
			return map[string]string{"searchAttributeName": "precoroInvoiceID", "searchAttributeValue": strconv.Itoa(7001 + 997*i)}
		}, 100},
		{"20 pages", 20, func(i int) map[string]string {
			return map[string]string{"recordsOnPage": "100", "pageNo": strconv.Itoa(500 + i), "orderBy": "id", "orderByDir": "asc"}
		}, 2000},
		{"100 ids", 1, func(int) map[string]string {
			return map[string]string{"recordsOnPage": "100", "ids": strings.Join(ids, ",")}
		}, 100},
		{"what changed", 1, func(int) map[string]string { return map[string]string{"changedSince": "4102444800"} }, 0},
	} {
		var subs []map[string]string
		for i := range c.subs {
			sub := c.sub(i)
			sub["requestName"], sub["requestID"] = "getPurchaseDocuments", strconv.Itoa(i)
			subs = append(subs, sub)
		}
		requests, err := json.Marshal(subs)
		require.NoError(b, err)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				body := call(url.Values{"sessionKey": {key}, "requests": {string(requests)}})
				require.Equal(b, c.found, strings.Count(body, `"lastModified"`))
			}
		})
	}
}
