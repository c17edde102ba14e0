package erply_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/erp"
	"payrecon/erp/erply"
	"payrecon/internal/reconcile"
)

// parrot breaks HTTP with what it was sent, as Go's own errors then say.
type parrot struct{ double *double }

func (p parrot) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if r.PostForm.Get("request") == "verifyUser" && p.double != nil {
		return p.double.RoundTrip(r)
	}
	encoded := base64.RawStdEncoding.EncodeToString([]byte(r.PostForm.Encode()))
	return nil, fmt.Errorf("malformed HTTP response %q (%s)", r.PostForm.Encode(), encoded)
}

func TestWhatBreaksHTTPShowsNoCredential(t *testing.T) {
	t.Parallel()
	for _, d := range []*double{nil, newDouble(t)} {
		adapter, err := erply.New(config(), parrot{d}, at(noon))
		require.NoError(t, err)
		_, err = adapter.ReadBills(t.Context(), []string{"8842"})
		requireHidden(t, err)
	}
}

func TestAFieldThatIsACredentialIsNotNamed(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Username = "payreconUser" // as a field may be called
	d := newDouble(t)
	d.answer = func(url.Values) (int, string) { return http.StatusOK, fault(1016, cfg.Username) }
	adapter, err := erply.New(cfg, d, at(noon))
	require.NoError(t, err)
	_, err = adapter.ReadBills(t.Context(), []string{"8842"})
	require.ErrorContains(t, err, "refused (1016)")
	require.NotContains(t, err.Error(), cfg.Username)
}

// What people typed into a document does not become a text of ours.
func TestADocumentShowsNoCredential(t *testing.T) {
	t.Parallel()
	for _, doc := range []object{
		document(object{"currencyCode": password}), document(object{"paid": password}), document(object{"lastModified": password}),
		document(object{"total": password}), withRecords(document(nil), "payrecon-5512", password), withRecords(document(nil), "payrecon-"+password, "x"),
		withRecords(document(nil), "precoroInvoiceID", password),
	} {
		requireHidden(t, errors.New(everything(bill(t, doc))))
	}
}

// A header goes back as it was read, and stands in histories until then.
func TestAHeaderWithACredentialIsNotKept(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"notes", "number", "referenceNumber", "documentURL"} {
		for _, text := range []string{"see " + password, username + "!", base64.StdEncoding.EncodeToString([]byte("x:" + password))} {
			got := snapshot(t, newDouble(t, document(object{field: text})).adapter(t), "8842")
			require.Empty(t, got.Raw)
			require.Contains(t, got.Bill.Problem, "take it out")
			requireHidden(t, errors.New(everything(got.Bill)))
		}
	}
	require.NotEmpty(t, snapshot(t, newDouble(t, document(object{"notes": "harmless"})).adapter(t), "8842").Raw)
}

// A login that is made of the words of the API, or shares its beginning with what people write, is in no document by that.
func TestAHeaderWithAWordOfTheLoginIsKept(t *testing.T) {
	t.Parallel()
	doc := document(object{
		"notes": "to accounting@amazon.com", "totalForAccounting": "120.00", "supplierID": 7, "employeeID": 3, "baseDocuments": []object{{"id": 5}},
	})
	for _, login := range []string{"accounting-bot", "Accounting Robot", "supplier-payments", "employee.api.1", "accounting@acme.ee", "baseDocuments"} {
		cfg := config()
		cfg.Username = login
		adapter, err := erply.New(cfg, newDouble(t, doc), at(noon))
		require.NoError(t, err)
		got := snapshot(t, adapter, "8842")
		require.Empty(t, got.Bill.Problem, login)
		require.NotEmpty(t, got.Raw, login)
	}
}

// A list does not look at the whole header, so that such a bill may have been decided upon. Its Version tells.
func TestABillWhoseHeaderIsNotKeptHasAnotherVersion(t *testing.T) {
	t.Parallel()
	for _, notes := range []string{password, strings.Repeat("x", 64<<10+1)} {
		adapter := newDouble(t, document(object{"notes": notes})).adapter(t)
		found, err := adapter.FindBills(t.Context(), []erp.Link{{Bill: "8842"}})
		require.NoError(t, err)
		read := snapshot(t, adapter, "8842")
		require.NotEmpty(t, read.Bill.Problem)
		require.Empty(t, read.Raw)
		require.NotEqual(t, found.Bills[0].Version, read.Bill.Version)
		require.Equal(t, read.Bill.Version, snapshot(t, adapter, "8842").Bill.Version)
	}
	adapter := newDouble(t, document(object{"notes": strings.Repeat("long ", 12<<10)})).adapter(t)
	found, err := adapter.FindBills(t.Context(), []erp.Link{{Bill: "8842"}})
	require.NoError(t, err)
	require.Equal(t, found.Bills[0], snapshot(t, adapter, "8842").Bill, "long notes are no problem")
}

func everything(bill reconcile.Bill) string { return fmt.Sprintf("%+v", bill) }

func requireHidden(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	for _, secret := range []string{username, password, "secret-session"} {
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, err.Error(), url.QueryEscape(secret))
	}
}
