package cli_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/config"
)

const (
	testTimeout = 10 * time.Second
	pollEvery   = time.Millisecond
)

func TestPrintedConfigurationFitsTheSandbox(t *testing.T) {
	t.Parallel()
	got := payrecon(t, nil, "sandbox", "--print-config", "--listen", "127.0.0.1:9000", "--per-second", "5", "--same-get", "2s", "--erply-per-hour", "70")
	require.Zero(t, got.code)
	loaded, err := config.Load(configuration(t, got.stdout))
	require.NoError(t, err, got.stdout)
	company := loaded.Companies[0]
	require.Equal(t, "http://127.0.0.1:9000/precoro", company.Precoro.URL)
	require.Equal(t, config.Limits{PerSecond: 5, PerHour: 1500, PerDay: 3000, SameGet: 3 * time.Second, Settle: 10 * time.Second}, company.Precoro.Limits)
	var erply struct {
		URL      string `toml:"url"`
		Client   string `toml:"client_code"`
		Username string `toml:"username"`
		Password string `toml:"password"`
		Limits   struct {
			PerHour int `toml:"per_hour"`
		} `toml:"limits"`
	}
	require.NoError(t, company.ERP.Decode(&erply))
	require.Equal(t, "http://127.0.0.1:9000/erply/api/", erply.URL)
	require.Equal(t, 70, erply.Limits.PerHour)
}

func TestSandboxServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	var stdout, stderr buffer
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int)
	p := program(nil, &stdout, &stderr)
	go func() { done <- p.Run(ctx, []string{"sandbox", "--listen", "127.0.0.1:0", "--invoices", "3"}) }()
	require.Eventually(t, func() bool { return len(stderr.String()) > 0 }, testTimeout, pollEvery)
	stop()
	require.Zero(t, <-done, stderr.String())
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "Precoro: http://127.0.0.1:")
}
