package temporaldev

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// webUI is Temporal's Web UI, served by this process.
type webUI struct {
	url  string
	stop func()
}

func startUI(ctx context.Context, listen *net.TCPAddr, temporalAddress string) (*webUI, error) {
	s := server.NewServer(server_options.WithConfigProvider(&config.Config{
		TemporalGRPCAddress: temporalAddress,
		Host:                listen.IP.String(),
		Port:                listen.Port,
		EnableUI:            true,
		DefaultNamespace:    Namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                config.CORS{CookieInsecure: true}, // there is no TLS on loopback
	}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Start() // it never returns one: it ends the process if it cannot listen
	}()
	ui := &webUI{url: "http://" + listen.String(), stop: func() { s.Stop(); <-ended }}
	if err := await(ctx, ui.url+"/healthz"); err != nil {
		ui.stop()
		return nil, err
	}
	return ui, nil
}

// await asks until there is an answer.
func await(ctx context.Context, url string) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

func ask(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Timeout: time.Second}).Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
