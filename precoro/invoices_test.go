package precoro_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/money"
	"payrecon/precoro"
)

// row is a readable invoice with some fields replaced or added: later members of a JSON object win.
func row(fields string) string {
	if fields != "" {
		fields = "," + fields
	}
	return `{"id":77,"idn":1042,"status":4,"logicType":0,"currency":"EUR","sum":"200.00","sumPaid":120,"externalId":null,"legalEntity":[],"parentData":[]` + fields + `}`
}

func listOne(t *testing.T, row string) precoro.Invoice {
	t.Helper()
	got, err := connect(t, always(http.StatusOK, page(row))).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 1)
	require.NoError(t, err)
	require.Len(t, got.Invoices, 1)
	return got.Invoices[0]
}

func TestLooseInvoiceRowsReadAlike(t *testing.T) {
	t.Parallel()
	for _, fields := range []string{
		``,
		`"id":"77","idn":"1042","status":"4","logicType":"0"`,
		`"sum":200,"sumPaid":"120"`,
		`"sum":200.00,"sumPaid":"120.0000"`,
		`"currency":"eur","externalId":""`,
		`"parentData":null,"payments":null`,
		`"parentData":{"idn":null}`,
		`"logicType":null`,
		`"ID":1,"Sum":"5.00"`,
	} {
		t.Run(fields, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, precoro.Invoice{
				ID: 77, IDN: 1042, Status: 4, Currency: "EUR", Total: eur(t, "200.00"), Paid: eur(t, "120.00"),
			}, listOne(t, row(fields)))
		})
	}
}

func TestExternalIDMayBeANumber(t *testing.T) {
	t.Parallel()
	require.Equal(t, "8842", listOne(t, row(`"externalId":8842`)).ExternalID)
	require.Equal(t, "PI-8842", listOne(t, row(`"externalId":"PI-8842"`)).ExternalID)
}

func TestCurrenciesKeepTheirMinorUnits(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]string{"JPY": "1000 JPY", "KWD": "1000.000 KWD", "CLF": "1000.0000 CLF"} {
		got := listOne(t, row(`"currency":"`+currency+`","sum":"1000.00"`))
		require.Empty(t, got.Problem)
		require.Equal(t, want, got.Total.String())
	}
}

func TestCreditNotesAndSplitChildrenAreTold(t *testing.T) {
	t.Parallel()
	for logicType, want := range map[string]bool{"0": false, "1": true, "2": false, `"5"`: true} {
		require.Equal(t, want, listOne(t, row(`"logicType":`+logicType)).CreditNote(), logicType)
	}
	require.True(t, listOne(t, row(`"parentData":{"idn":1000}`)).SplitChild)
	require.True(t, listOne(t, row(`"parentData":1000`)).SplitChild, "what cannot be read must not be paid beside its parent")
}

func TestUnreadableRowSaysWhat(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`"sum":null`:                        `sum is missing: want a decimal number such as 120.00`,
		`"sum":"12,50"`:                     `sum "12,50": want a decimal number such as 120.00`,
		`"sum":"1,200.00"`:                  `sum "1,200.00": want a decimal number such as 120.00`,
		`"sum":1e3`:                         `sum "1e3": want a decimal number such as 120.00`,
		`"sum":true`:                        `sum is a boolean, want a text or a number`,
		`"sum":[1]`:                         `sum is a list, want a text or a number`,
		`"sum":""`:                          `sum "": want a decimal number such as 120.00`,
		`"sum":"-1.00"`:                     `sum -1.00 is negative: want 0 or more`,
		`"sumPaid":-0.01`:                   `sumPaid -0.01 is negative: want 0 or more`,
		`"sumPaid":120.005`:                 `sumPaid amount "120.005": has more than 2 decimals`,
		`"sum":99999999999999999999`:        `sum amount "99999999999999999999": has more than 14 digits before the point`,
		`"sum":"` + sixHundred + `"`:        `sum is longer than 255 characters`,
		`"currency":"XXX"`:                  `currency "XXX": want an active ISO 4217 code such as EUR`,
		`"currency":null`:                   `currency is missing: want an active ISO 4217 code such as EUR`,
		`"id":0`:                            `id "0": want a whole number above 0`,
		`"id":77.0`:                         `id "77.0": want a whole number above 0`,
		`"idn":"PI 1042"`:                   `idn "PI 1042": want a whole number above 0`,
		`"idn":99999999999999999999`:        `idn "99999999999999999999": want a whole number above 0`,
		`"status":null`:                     `status is missing: want a whole number from 0`,
		`"status":"approved"`:               `status "approved": want a whole number from 0`,
		`"logicType":-1`:                    `logicType "-1": want a whole number from 0`,
		`"externalId":{"id":1}`:             `externalId is an object, want a text or a number`,
		`"externalId":"` + sixHundred + `"`: `externalId is longer than 255 characters`,
		`"payments":"none"`:                 `payments is a text, want a list`,
		`"payments":{"error":"denied"}`:     `payments is an object with other keys than ids, want a list`,
		`"payments":[` + strings.Repeat("1,", 500) + `1]`: `payments holds more than 500 elements`,
	}
	for fields, want := range tests {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, listOne(t, row(fields)).Problem)
		})
	}
}

var sixHundred = strings.Repeat("1234567890", 60)

func TestBadRowsDoNotSpoilThePage(t *testing.T) {
	t.Parallel()
	rows := []string{row(`"sum":"much"`), `"no object"`, `null`, `[]`, `[1]`, `17`, row(`"id":78,"idn":"x"`), row(`"id":79,"idn":1044`)}
	got, err := connect(t, always(http.StatusOK, page(rows...))).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 1)
	require.NoError(t, err)
	require.Len(t, got.Invoices, len(rows))
	for _, invoice := range got.Invoices[:7] {
		require.NotEmpty(t, invoice.Problem)
	}
	require.Equal(t, int64(1042), got.Invoices[0].IDN, "identifiers are read all the same")
	require.Equal(t, int64(78), got.Invoices[6].ID)
	require.Zero(t, got.Invoices[6].IDN)
	require.Empty(t, got.Invoices[7].Problem)
}

func TestShownValuesAreBounded(t *testing.T) {
	t.Parallel()
	problem := listOne(t, row(`"idn":"`+sixHundred[:255]+`"`)).Problem
	require.Equal(t, `idn "`+sixHundred[:40]+`"...: want a whole number above 0`, problem)
}

func TestPagination(t *testing.T) {
	t.Parallel()
	full := make([]string, 200)
	for i := range full {
		full[i] = row(fmt.Sprintf(`"id":%d`, i+1))
	}
	tests := map[string]struct {
		rows  []string
		meta  string
		total int
		more  bool
	}{
		"more, by the newer shape":       {full, `{"pagination":{"has_next_page":true,"current_page":2,"total_pages":2}}`, -1, true},
		"the last, by the newer shape":   {full, `{"pagination":{"has_next_page":false}}`, -1, false},
		"more, by the older shape":       {full, `{"pagination":{"total":450,"current_page":2,"total_pages":3,"links":{}}}`, 450, true},
		"the last, by the older shape":   {full, `{"pagination":{"total":400,"current_page":"2","total_pages":"2","links":[]}}`, 400, false},
		"a full page without pagination": {full, `[]`, -1, true},
		"a short page without":           {full[:199], `null`, -1, false},
		"a full page of a smaller size":  {full[:100], `{"pagination":{"per_page":100}}`, -1, true},
		"a full page of a claimed size":  {full, `{"pagination":{"per_page":500}}`, -1, true},
		"an empty page without":          {nil, `null`, -1, false},
		"an empty page of no size":       {nil, `{"pagination":{"per_page":0}}`, -1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"data":[` + strings.Join(test.rows, ",") + `],"meta":` + test.meta + `}`
			got, err := connect(t, always(http.StatusOK, body)).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 2)
			require.NoError(t, err)
			require.Len(t, got.Invoices, len(test.rows))
			require.Equal(t, 2, got.Page)
			require.Equal(t, test.total, got.Total)
			require.Equal(t, test.more, got.More)
			require.Equal(t, time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC), got.Date)
		})
	}
}

func TestRowsComeInEveryShape(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"data":[` + row(``) + `]}`,
		`{"data":{"data":[` + row(``) + `]}}`,
		`{"data":{"77":` + row(``) + `}}`,
		` {"meta":[],"data":[` + row(``) + `]} `,
	} {
		got, err := connect(t, always(http.StatusOK, body)).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 1)
		require.NoError(t, err)
		require.Len(t, got.Invoices, 1)
		require.Empty(t, got.Invoices[0].Problem)
	}
}

func TestUnreadablePageIsUnavailable(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"empty":                    ``,
		"blank":                    " \n",
		"HTML":                     `<html>Welcome</html>`,
		"cut off":                  page(row(``))[:40],
		"something behind":         page() + `{}`,
		"a list":                   `[` + row(``) + `]`,
		"a number":                 `17`,
		"no data":                  `{"meta":{}}`,
		"data null":                `{"data":null}`,
		"data a text":              `{"data":"none"}`,
		"data an error":            `{"data":{"error":"none"}}`,
		"data wrapped twice":       `{"data":{"data":{"data":[]}}}`,
		"more rows than asked for": page(strings.Split(strings.Repeat("{} ", 201), " ")[:201]...),
		"too many fields":          `{"data":[],` + manyFields(1000) + `}`,
		"nested without end":       `{"data":` + strings.Repeat(`{"data":`, 20000) + `1` + strings.Repeat(`}`, 20001),
		"another page":             `{"data":[],"meta":{"pagination":{"current_page":2}}}`,
		"pagination a text":        `{"data":[],"meta":{"pagination":"none"}}`,
		"a total of words":         `{"data":[],"meta":{"pagination":{"total":"some"}}}`,
		"a negative total":         `{"data":[],"meta":{"pagination":{"total":-1}}}`,
		"next page of words":       `{"data":[],"meta":{"pagination":{"has_next_page":"yes"}}}`,
		"more behind an empty one": `{"data":[],"meta":{"pagination":{"has_next_page":true}}}`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := connect(t, always(http.StatusOK, body)).ListInvoices(t.Context(), precoro.InvoiceFilter{}, 1)
			var unavailable precoro.Unavailable
			require.ErrorAs(t, err, &unavailable)
			require.Less(t, len(err.Error()), 400)
		})
	}
}

func manyFields(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"f%d":1`, i)
	}
	return strings.Join(fields, ",")
}

const paymentRow = `{"id":5512,"idn":31,"sumPaid":"120.00","payDate":"2026-03-14T23:30:00-08:00","logicType":0,"externalId":"er.9","invoice":{"id":77,"idn":1042},"canceledBy":null}`

func TestInvoiceComesWithItsPayments(t *testing.T) {
	t.Parallel()
	want := precoro.Payment{
		ID: 5512, IDN: 31, InvoiceID: 77, InvoiceIDN: 1042, Sum: "120.00", Amount: eur(t, "120.00"), Date: "2026-03-14", ExternalID: "er.9",
	}
	for _, payments := range []string{
		`[` + paymentRow + `]`,
		`{"data":[` + paymentRow + `]}`,
		`{"5512":` + paymentRow + `}`,
		`{"data":{"5512":` + paymentRow + `}}`,
		`[` + strings.Replace(paymentRow, `{"id":77,"idn":1042}`, `[]`, 1) + `]`,
	} {
		t.Run(payments[:9], func(t *testing.T) {
			t.Parallel()
			invoice, err := connect(t, always(http.StatusOK, row(`"payments":`+payments))).Invoice(t.Context(), 1042)
			require.NoError(t, err)
			require.Empty(t, invoice.Problem)
			require.True(t, invoice.PaymentsListed)
			require.Equal(t, []precoro.Payment{want}, invoice.Payments)
		})
	}
}

func TestNoPaymentsAreToldFromNoList(t *testing.T) {
	t.Parallel()
	for payments, listed := range map[string]bool{`[]`: true, `{}`: true, `{"data":[]}`: true, `null`: false, `{"data":null}`: false} {
		invoice, err := connect(t, always(http.StatusOK, row(`"payments":`+payments))).Invoice(t.Context(), 1042)
		require.NoError(t, err)
		require.Empty(t, invoice.Payments)
		require.Equal(t, listed, invoice.PaymentsListed, payments)
	}
}

func TestNestedPaymentThatDoesNotFitIsAProblem(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`"invoice":{"id":78}`:    `invoice.id 78, idn 0: want those of the invoice that lists it`,
		`"invoice":{"idn":"x"}`:  `invoice.idn "x": want a whole number above 0`,
		`"invoice":"1042"`:       `invoice is a text, want an object`,
		`"sumPaid":"120.001"`:    `sumPaid: amount "120.001": has more than 2 decimals`,
		`"sumPaid":"all"`:        `sumPaid "all": want a decimal number such as 120.00`,
		`"payDate":"14.03.2026"`: `payDate "14.03.2026": want a date such as 2026-03-14T12:00:00+00:00`,
		`"payDate":null`:         `payDate is missing: want a date such as 2026-03-14T12:00:00+00:00`,
	}
	for fields, want := range tests {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			payment := strings.TrimSuffix(paymentRow, "}") + "," + fields + "}"
			invoice := listOne(t, row(`"payments":[`+payment+`]`))
			require.Empty(t, invoice.Problem, "the invoice itself could be read")
			require.Len(t, invoice.Payments, 1)
			require.Equal(t, want, invoice.Payments[0].Problem)
			require.Equal(t, int64(5512), invoice.Payments[0].ID)
		})
	}
}

func TestPaymentsOfNoCurrencyAreAProblem(t *testing.T) {
	t.Parallel()
	invoice := listOne(t, row(`"currency":"??","payments":[`+paymentRow+`]`))
	require.NotEmpty(t, invoice.Problem)
	require.Equal(t, `sumPaid: currency "" is not an active ISO 4217 code`, invoice.Payments[0].Problem)
}

func TestAnswerAboutAnotherInvoiceIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{row(`"idn":77`), row(`"idn":null`), `{}`, `[]`, `{"data":` + row(``) + `}`, ``, `<html>`} {
		_, err := connect(t, always(http.StatusOK, body)).Invoice(t.Context(), 1042)
		var unavailable precoro.Unavailable
		require.ErrorAs(t, err, &unavailable, body)
	}
}

func TestUnreadableInvoiceIsGivenWithItsProblem(t *testing.T) {
	t.Parallel()
	invoice, err := connect(t, always(http.StatusOK, row(`"sum":"x"`))).Invoice(t.Context(), 1042)
	require.NoError(t, err)
	require.NotEmpty(t, invoice.Problem)
	require.Equal(t, money.Amount{}, invoice.Total)
}
