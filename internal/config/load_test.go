package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/config"
	"payrecon/internal/money"
)

// small is the least that is accepted.
const small = `[[company]]
name = "acme"
start = "2026-01-01"
precoro = { email = "someone@example.com", token = "abc123" }
erp = { system = "erply", erply = {} }
`

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payrecon.toml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// problems loads a file that must be refused, and gives the lines of the error without the file's path.
func problems(t *testing.T, content string) []string {
	t.Helper()
	path := write(t, content)
	_, err := config.Load(path)
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		require.True(t, strings.HasPrefix(lines[i], path+":"), lines[i])
		lines[i] = strings.TrimPrefix(lines[i], path+":")
	}
	return lines
}

func amount(t *testing.T, number, code string) money.Amount {
	t.Helper()
	a, err := money.Parse(number, code)
	require.NoError(t, err)
	return a
}

func TestWholeFileIsRead(t *testing.T) {
	t.Setenv("PAYRECON_TEST_EMAIL", "someone@example.com")
	t.Setenv("PAYRECON_TEST_TOKEN", "t0k3n")
	path := write(t, `task_queue = "night"

[[company]]
name     = "acme"
timezone = "Europe/Tallinn"
start    = "2026-01-01"

[company.precoro]
url   = "https://api.precoro.us"
email = "${PAYRECON_TEST_EMAIL}"
token = "${PAYRECON_TEST_TOKEN}"
limits = { per_second = 2, per_hour = 1400, per_day = 2900, same_get = "62s", settle = "5m" }

[company.match]
link        = ["precoro", "erp"]
precoro_key = "idn"
adopt_days  = 3
tolerance   = { EUR = "0.02", JPY = "1" }

[company.caps]
payments = 50
amount   = { EUR = "100000.00" }

[company.erp]
system = "erply"

[company.erp.erply]
url      = "https://123456.erply.com/api/"
password = "p-${file:secret.txt}-w"
limits   = { per_hour = 900 }
`)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "secret.txt"), []byte("${raw}\n"), 0o600))
	tallinn, err := time.LoadLocation("Europe/Tallinn")
	require.NoError(t, err)

	got, err := config.Load(path)

	require.NoError(t, err)
	require.Len(t, got.Companies, 1)
	var erply struct {
		URL      string        `toml:"url"`
		Password config.Secret `toml:"password"`
		Username string        `toml:"username"`
		Limits   struct {
			PerHour   int `toml:"per_hour"`
			PerSecond int `toml:"per_second"`
		} `toml:"limits"`
	}
	erply.Limits.PerSecond = 7
	require.NoError(t, got.Companies[0].ERP.Decode(&erply))
	require.Equal(t, "https://123456.erply.com/api/", erply.URL)
	require.Equal(t, "p-${raw}-w", erply.Password.Reveal(), "what an expansion gives is not expanded again")
	require.Equal(t, 900, erply.Limits.PerHour)
	require.Equal(t, 7, erply.Limits.PerSecond, "a key that is absent leaves the adapter's default")
	got.Companies[0].ERP.Decode = nil
	require.Equal(t, config.Config{TaskQueue: "night", Path: path, Companies: []config.Company{{
		Name:     "acme",
		Location: tallinn,
		Start:    "2026-01-01",
		Precoro: config.Precoro{
			URL: "https://api.precoro.us", Email: "someone@example.com", Token: "t0k3n",
			Limits: config.Limits{PerSecond: 2, PerHour: 1400, PerDay: 2900, SameGet: 62 * time.Second, Settle: 5 * time.Minute},
		},
		Match: config.Match{
			Link: []string{"precoro", "erp"}, PrecoroKey: "idn", AdoptDays: 3,
			Tolerance: map[money.Currency]money.Amount{"EUR": amount(t, "0.02", "EUR"), "JPY": amount(t, "1", "JPY")},
		},
		Caps: config.Caps{Payments: 50, Amount: map[money.Currency]money.Amount{"EUR": amount(t, "100000.00", "EUR")}},
		ERP:  config.ERP{System: "erply"},
	}}}, got)
}

func TestDefaultsFillASmallFile(t *testing.T) {
	t.Parallel()
	got, err := config.Load(write(t, small))
	require.NoError(t, err)
	require.Equal(t, "payrecon", got.TaskQueue)
	c := got.Companies[0]
	require.Equal(t, "UTC", c.Location.String())
	require.Equal(t, "https://api.precoro.com", c.Precoro.URL)
	require.Equal(t, config.Limits{PerSecond: 1, PerHour: 1500, PerDay: 3000, SameGet: 61 * time.Second, Settle: 10 * time.Minute}, c.Precoro.Limits)
	require.Equal(t, config.Match{Link: []string{"erp", "precoro"}, PrecoroKey: "id", AdoptDays: 7}, c.Match)
	require.Equal(t, config.Caps{Payments: 500}, c.Caps)
}

func TestEveryProblemIsReportedAtOnceByItsPlace(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		`1:1: task_queue: "a b" is not accepted, accepted is a name of at most 200 bytes without blanks`,
		`2:1: colors: is not a key of this table, accepted are company, encryption_keys, task_queue`,
		`3:1: company.start: is missing`,
		`4:1: company.name: "Acme" is not accepted, accepted is up to 40 of the characters a-z, 0-9 and -`,
		`5:3: company.timezone: "Mars/Base" is not accepted, accepted is the name of a time zone such as Europe/Tallinn`,
		`6:13: company.precoro.url: "http://example.com" is not accepted, accepted is an https URL such as https://api.precoro.com, or http where the host is loopback, without user, query and fragment`,
		`6:41: company.precoro.email: the value (not shown) is not accepted, accepted is a string in quotes`,
		`6:52: company.precoro.token: is empty`,
		`7:1: company.caps: "none" is not accepted, accepted is one table`,
		`9:1: company.precoro.limits.per_second: 0 is not accepted, accepted is a whole number from 1 to 1000`,
		`10:1: company.precoro.limits.per_hour: "many" is not accepted, accepted is a whole number from 1 to 1000000`,
		`11:1: company.precoro.limits.same_get: "61" is not accepted, accepted is a duration such as 61s or 10m, from 0s to 1h0m0s`,
		`12:1: company.precoro.limits.settle: "-1s" is not accepted, accepted is a duration such as 61s or 10m, from 0s to 24h0m0s`,
		`14:18: company.match.link: "excel" is not accepted, accepted is a list of one or more of erp, precoro, each once`,
		`14:27: company.match.link: "erp" is not accepted, accepted is a list of one or more of erp, precoro, each once`,
		`15:1: company.match.precoro_key: "uuid" is not accepted, accepted is id, idn`,
		`16:1: company.match.adopt_days: 1.5 is not accepted, accepted is a whole number from 0 to 366`,
		`17:15: company.match.tolerance.EUR: "-0.01" is not accepted, accepted is an amount in quotes, not negative, with at most 2 decimals`,
		`17:30: company.match.tolerance.JPY: "0.5" is not accepted, accepted is an amount in quotes, not negative, with at most 0 decimals`,
		`17:43: company.match.tolerance.eur: is not a currency, accepted are ISO 4217 codes such as EUR`,
		`17:54: company.match.tolerance.USD: 1 is not accepted, accepted is a string in quotes`,
		`18:1: company.erp.erply: is missing: the settings of the system that company.erp.system names`,
		`20:1: company.erp.tryton: is not a key of this table, accepted are erply, system`,
	}, problems(t, `task_queue = "a b"
colors = 1 # company
[[company]]
name = "Acme"
  timezone = "Mars/Base"
precoro = { url = "http://example.com", email = 5, token = "" }
caps = "none"
[company.precoro.limits]
per_second = 0
per_hour = "many"
same_get = "61"
settle = "-1s"
[company.match]
link = ["erp",   "excel", "erp"]
precoro_key = "uuid"
adopt_days = 1.5
tolerance = { EUR = "-0.01", JPY = "0.5", eur = "1", USD = 1 }
[company.erp]
system = "erply"
[company.erp.tryton]
system = "x"
`))
}

func TestUnknownKeysAreFoundInEveryFormThatTOMLKnows(t *testing.T) {
	t.Parallel()
	// A `?` stands before each unknown key.
	for name, document := range map[string]string{
		"top level":             "?color = 1\n" + small,
		"table":                 small + "?[company.colors]\nx = 1\n",
		"dotted":                small + "?match.color = 1\n",
		"inline table":          strings.Replace(small, "{ email", "{ ?color = 1, email", 1),
		"after its own name":    small + "timezone = \"UTC\" # color = 1\n?color = 2\n",
		"after it in a string":  "task_queue = \"color=1\"\n?color = 2\n" + small,
		"after a long string":   "task_queue = '''color=1'''\n?color = 2\n" + small,
		"second company":        small + strings.NewReplacer("acme", "two", "abc123", "x", "start", "?color = 1\nstart").Replace(small),
		"quoted":                small + "?\"color\" = 1\n",
		"behind wide letters":   strings.Replace(small, "{ email = \"someone", "{ url = 'https://ö', ?color = 1, email = \"so", 1),
		"companies as an array": "company = [ { name = \"a\", start = \"2026-01-01\", ?color = 1, precoro = { email = \"a@b\", token = \"x\" }, erp = { system = \"e\", e = {} } } ]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after, _ := strings.Cut(document, "?")
			lines := strings.Split(before, "\n")
			place := fmt.Sprintf("%d:%d: ", len(lines), len([]rune(lines[len(lines)-1]))+1)
			got := problems(t, before+after)
			require.Len(t, got, 1)
			require.True(t, strings.HasPrefix(got[0], place), "%s, want %s", got[0], place)
			require.Contains(t, got[0], "color")
		})
	}
}

func TestTOMLThatIsNotTOMLIsReportedByItsPlace(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		"a = \n":                          "1:5: is not valid TOML: expected value but found '\\n' instead",
		"a = 1\na = 2\n":                  "2:1: is not valid TOML: Key 'a' has already been defined.",
		"[company]\n[[company]]\n":        "2:3: is not valid TOML: Key 'company' was already created and cannot be used as an array.",
		"x = 1\npassword = thunder5\n":    "2:12: is not valid TOML: expected value but found (value not shown) instead",
		"password = 0123456\n":            "1:12: is not valid TOML: Invalid integer (value not shown): cannot have leading zeroes",
		"password = 99999999999999999999": "1:12: is not valid TOML: the number is out of range for int64",
		"password = 'x\n":                 "1:14: is not valid TOML: strings cannot contain newlines",
	} {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, []string{want}, problems(t, document))
		})
	}
}

func TestNoErrorShowsASecret(t *testing.T) {
	t.Setenv("PAYRECON_TEST_SECRET", "hunter2 ")
	for _, line := range []string{ //nolint:paralleltest // sets the environment
		`name = "${PAYRECON_TEST_SECRET}"`,
		`timezone = "${PAYRECON_TEST_SECRET}"`,
		`start = "${PAYRECON_TEST_SECRET}"`,
		`precoro.url = "http://${PAYRECON_TEST_SECRET}"`,
		`precoro.email = "hunter2 "`,
		`precoro.token = "hunter2 "`,
		`precoro.limits.settle = "${PAYRECON_TEST_SECRET}"`,
		`match.link = ["${PAYRECON_TEST_SECRET}"]`,
		`match.precoro_key = "${PAYRECON_TEST_SECRET}"`,
		`match.tolerance.EUR = "${PAYRECON_TEST_SECRET}"`,
		`adopt_days = "${PAYRECON_TEST_SECRET}"`,
	} {
		t.Run(line, func(t *testing.T) {
			lines := problems(t, "[[company]]\n"+line)
			require.True(t, strings.HasPrefix(lines[len(lines)-1], "2:"), "the wrong value is reported: %s", lines)
			require.NotContains(t, strings.Join(lines, "\n"), "hunter2")
		})
	}
}

func TestAdapterSettingsAreCheckedWhenTheAdapterReadsThem(t *testing.T) {
	t.Parallel()
	got, err := config.Load(write(t, strings.Replace(small, "{}", `{ url = 5, pass = 12345, passwort = "hunter2", limits = { per_hour = "x" } }`, 1)))
	require.NoError(t, err)
	var settings struct {
		URL    string        `toml:"url"`
		Pass   config.Secret `toml:"pass"`
		Limits struct {
			PerHour int `toml:"per_hour"`
		} `toml:"limits"`
	}
	for range 2 { // a second reading says the same
		err = got.Companies[0].ERP.Decode(&settings)
		require.ErrorContains(t, err, `payrecon.toml:5:37: company.erp.erply.url: 5 is not accepted, accepted is a string in quotes`)
		require.ErrorContains(t, err, `payrecon.toml:5:46: company.erp.erply.pass: the value (not shown) is not accepted, accepted is a string in quotes`)
		require.ErrorContains(t, err, `payrecon.toml:5:60: company.erp.erply.passwort: is not a key of this table, accepted are limits, pass, url`)
		require.ErrorContains(t, err, `payrecon.toml:5:93: company.erp.erply.limits.per_hour: "x" is not accepted, accepted is a whole number`)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestAValueThatMayHoldALoginIsNotShown(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		`"acme"`: `"robot@hunter2.example"`, `{}`: `{ username = ["hunter2"] }`, `precoro = {`: `precoro = { url = "https://robot:hunter2@api.precoro.com",`,
	} {
		require.Contains(t, small, from)
		got, err := config.Load(write(t, strings.Replace(small, from, to, 1)))
		if err == nil {
			var settings struct {
				Username string `toml:"username"`
			}
			err = got.Companies[0].ERP.Decode(&settings)
		}
		require.ErrorContains(t, err, "is not accepted")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestExpansionThatFailsNamesTheVariableAndTheKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "large"), make([]byte, 64<<10+1), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "binary"), []byte{0xff, 0xfe}, 0o600))
	for value, want := range map[string]string{
		"${PAYRECON_TEST_UNSET}":        "5:44: company.precoro.token: environment variable PAYRECON_TEST_UNSET is not set",
		"x${A":                          "5:44: company.precoro.token: holds ${ without }, accepted are ${NAME} and ${file:PATH}",
		"${A-B}":                        "5:44: company.precoro.token: what stands between ${ and } is not accepted, accepted are ${NAME} of an environment variable and ${file:PATH}",
		"${file:}":                      "5:44: company.precoro.token: ${file:} names no file",
		"${file:" + folder + "/none}":   "5:44: company.precoro.token: file " + cut(folder+"/none") + ": no such file or directory",
		"${file:" + folder + "/large}":  "5:44: company.precoro.token: file " + cut(folder+"/large") + ": is longer than 65536 bytes",
		"${file:" + folder + "/binary}": "5:44: company.precoro.token: file " + cut(folder+"/binary") + ": is not UTF-8 text",
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, []string{want}, problems(t, "\n"+strings.Replace(small, "abc123", value, 1)))
		})
	}
}

// cut is how a long path shows.
func cut(path string) string {
	if len(path) > 60 {
		return path[:60] + "…"
	}
	return path
}

func TestExpansionTrimsOneLineEndOfAFile(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{"abc": "abc", "abc\n": "abc", "abc\r\n": "abc"} {
		path := write(t, strings.Replace(small, "abc123", "${file:sub/token}", 1))
		require.NoError(t, os.Mkdir(filepath.Join(filepath.Dir(path), "sub"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "sub", "token"), []byte(content), 0o600))
		got, err := config.Load(path)
		require.NoError(t, err)
		require.Equal(t, want, got.Companies[0].Precoro.Token.Reveal())
	}
}

func TestCompaniesDoNotShareANameOrAPrecoroAccount(t *testing.T) {
	t.Parallel()
	second := func(pairs ...string) string { return small + strings.NewReplacer(pairs...).Replace(small) }

	require.Equal(t, []string{`7:1: company.name: another company is called "acme" already`}, problems(t, second("abc123", "other")))
	require.Equal(t, []string{`9:44: company.precoro.token: company "acme" has the same url and token: two companies may not share a Precoro account`},
		problems(t, second("acme", "two")))
	require.Equal(t, []string{`9:82: company.precoro.token: company "acme" has the same url and token: two companies may not share a Precoro account`},
		problems(t, second("acme", "two", "email", `url = "https://API.precoro.com:443/", email`)))

	_, err := config.Load(write(t, second("acme", "two", "abc123", "other")))
	require.NoError(t, err, "one e-mail address with two tokens is two companies")
	_, err = config.Load(write(t, second("acme", "two", "email", `url = "https://api.precoro.us", email`)))
	require.NoError(t, err)
}

func TestDayDoesNotDependOnTheMachine(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{`6:1: company.timezone: "Local" is not accepted, accepted is the name of a time zone such as Europe/Tallinn`},
		problems(t, small+"timezone = \"Local\"\n"))
}

func TestFileWithoutACompanyIsRefused(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"1:1: company: is missing: at least one [[company]] is needed"}, problems(t, ""))
	require.Equal(t, []string{"1:1: company: a table is not accepted, accepted is an array of tables, each under a line [[company]]"}, problems(t, "[company]"))
}

func TestAbsurdFilesAreRefusedInAFewLines(t *testing.T) {
	t.Parallel()
	var keys strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&keys, "k%d = 1\n", i)
	}
	require.Len(t, problems(t, keys.String()+small), 31)
	_, err := config.Load(write(t, strings.Repeat("#", 1<<20+1)))
	require.ErrorContains(t, err, "is longer than 1048576 bytes")
	_, err = config.Load(t.TempDir())
	require.ErrorContains(t, err, "is a directory")
}

func TestNamesAreReadWithoutTheSecrets(t *testing.T) {
	t.Parallel()
	queue, names, err := config.LoadNames(write(t, "task_queue = \"night\"\n"+strings.Replace(small, "abc123", "${PAYRECON_TEST_UNSET}", 1)))
	require.NoError(t, err)
	require.Equal(t, "night", queue)
	require.Equal(t, []string{"acme"}, names)

	_, _, err = config.LoadNames(write(t, "task_queue = \"${PAYRECON_TEST_UNSET}\""))
	require.ErrorContains(t, err, ":1:1: task_queue: holds ${, which only a worker expands: name the task queue by --task-queue")
}

func TestFileIsFoundByFlagThenEnvironmentThenFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PAYRECON_CONFIG", "")
	_, err := config.Find("")
	require.ErrorIs(t, err, config.ErrNoFile)

	require.NoError(t, os.WriteFile("payrecon.toml", nil, 0o600))
	path, err := config.Find("")
	require.NoError(t, err)
	require.Equal(t, "payrecon.toml", path)

	t.Setenv("PAYRECON_CONFIG", "/etc/payrecon.toml")
	path, err = config.Find("")
	require.NoError(t, err)
	require.Equal(t, "/etc/payrecon.toml", path)

	path, err = config.Find("mine.toml")
	require.NoError(t, err)
	require.Equal(t, "mine.toml", path)
}
