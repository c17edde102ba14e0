package precoro_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/precoro"
)

// echoes are the forms in which a server may repeat a credential.
func echoes(t *testing.T, secret string) []string {
	t.Helper()
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	return []string{
		secret, strings.ToUpper(secret), strings.ToLower(secret), url.QueryEscape(secret), strings.ToLower(url.QueryEscape(secret)),
		url.PathEscape(secret), html.EscapeString(secret), strings.Trim(string(quoted), `"`), strings.ReplaceAll(secret, "/", `\/`),
		url.QueryEscape(url.QueryEscape(secret)), base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte("me:" + secret)),
		hex.EncodeToString([]byte(secret)),
	}
}

func TestCredentialsAreNeverInAnError(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{token, email} {
		for _, echo := range echoes(t, secret) {
			for _, prefix := range []string{"", strings.Repeat("x", 30), strings.Repeat("x", 290)} {
				text := prefix + echo
				quoted, err := json.Marshal(text)
				require.NoError(t, err)
				for _, err := range failures(t, text, string(quoted)) {
					requireHidden(t, err, secret)
				}
			}
		}
	}
}

func TestOneCredentialMayBeginAnother(t *testing.T) {
	t.Parallel()
	client, err := precoro.New(precoro.Options{Email: email, Token: email + "-secret-part", Transport: always(http.StatusUnauthorized, email+"-secret-part")})
	require.NoError(t, err)
	_, err = client.Invoice(t.Context(), 1042)
	require.Equal(t, precoro.Unauthorized{Text: "[hidden]"}, class(t, err))
}

// failures are the errors and problems of everything that could repeat the text.
func failures(t *testing.T, text, quoted string) []string {
	t.Helper()
	var all []string
	for _, status := range []int{301, 400, 401, 403, 404, 422, 429, 500} {
		for _, body := range []string{
			text, `{"message":` + quoted + `}`, `{"errors":{"errors":{` + quoted + `:` + quoted + `}}}`,
			`{"other":{` + quoted + `:[` + quoted + `]}}`, `{"RateLimit-Type":` + quoted + `}`, `<p>` + text + `</p>`,
		} {
			all = append(all, read(t, always(status, body)).Error(), write(t, always(status, body)).Error())
		}
	}
	broken := server(func(*http.Request) (*http.Response, error) { return nil, errors.New("malformed answer: " + text) })
	all = append(all, read(t, broken).Error(), write(t, broken).Error())
	moved := server(func(*http.Request) (*http.Response, error) {
		answer := answer(http.StatusFound, "")
		answer.Header.Set("Location", "%zz"+text)
		return answer, nil
	})
	all = append(all, read(t, moved).Error(), write(t, moved).Error())
	for _, field := range []string{"id", "idn", "status", "logicType", "currency", "sum", "sumPaid", "payments", "parentData"} {
		all = append(all, listOne(t, row(`"`+field+`":`+quoted)).Problem)
	}
	for _, field := range []string{"id", "idn", "sumPaid", "payDate", "logicType", "invoice"} {
		all = append(all, listPayment(t, `"`+field+`":`+quoted).Problem)
		_, err := create(t, `{"id":5512,"`+field+`":`+quoted+`}`)
		all = append(all, err.Error())
	}
	for _, body := range []string{
		`{"data":` + quoted + `}`, `{"data":{` + quoted + `:1}}`, quoted, text,
		`{"data":[],"meta":{"pagination":{"current_page":` + quoted + `}}}`, `{"data":[],"meta":{"pagination":{"has_next_page":` + quoted + `}}}`,
	} {
		_, err := connect(t, always(http.StatusOK, body)).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 1)
		require.Error(t, err)
		all = append(all, err.Error())
	}
	return all
}

// requireHidden looks for any eight characters of the secret in a row, so that a cut one is found too.
func requireHidden(t *testing.T, text, secret string) {
	t.Helper()
	const telling = 8
	text = strings.ToLower(text)
	for _, form := range echoes(t, secret) {
		for i := 0; i+telling <= len(form); i++ {
			require.NotContains(t, text, strings.ToLower(form[i:i+telling]))
		}
	}
}
