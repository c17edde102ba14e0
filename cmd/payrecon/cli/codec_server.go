package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"payrecon/internal/codec"
	"payrecon/internal/config"
)

// Help is what `payrecon codec-server --help` says beside the flags.
func (codecServerCommand) Help() string {
	return `Where the configuration has encryption_keys, the Web UI shows payloads as they are stored, encrypted. This server decrypts
them for it, and encrypts what is typed into its forms, by Temporal's protocol for codec servers. It needs the keys and no
other secret.

It decrypts for whoever reaches it. So it listens on loopback only, and of web pages it answers those of --ui: run it on the
machine whose browser shows the Web UI, for as long as somebody looks.

In the Web UI, the glasses at the top take its address: "Use my browser setting", and leave access token and cross-origin
credentials off. For the temporal CLI it is TEMPORAL_CODEC_ENDPOINT, or --codec-endpoint.

Examples:

    payrecon codec-server
    payrecon codec-server --config /etc/payrecon/payrecon.toml --ui https://temporal.example.com
    temporal workflow show -w reconcile-acme --codec-endpoint http://127.0.0.1:8081`
}

type codecServerCommand struct {
	Listen string   `default:"127.0.0.1:8081" placeholder:"ADDRESS" help:"Loopback address to serve on. Default: ${default}."`
	UI     []string `name:"ui" default:"http://127.0.0.1:8233,http://localhost:8233" placeholder:"ORIGIN" help:"Where the Web UI is, as the browser's address bar begins. Repeat it, or separate by commas. Default: ${default}."`
	Config string   `placeholder:"FILE" help:"Configuration file; only its encryption keys are read. Default: $$PAYRECON_CONFIG, or payrecon.toml here."`
}

// Validate refuses to decrypt for others than this machine.
func (c codecServerCommand) Validate() error {
	for _, ui := range c.UI {
		if _, err := originOf(ui); err != nil {
			return err
		}
	}
	return onLoopback(c.Listen, "127.0.0.1:8081")
}

// originOf is a URL as browsers write it into the header Origin.
func originOf(ui string) (string, error) {
	u, err := url.Parse(ui)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", fmt.Errorf("--ui: %q is not accepted, accepted is how the Web UI's address begins, such as http://127.0.0.1:8233", ui)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// Run serves until ctx ends.
func (c codecServerCommand) Run(ctx context.Context, p *Program) error {
	path, err := config.Find(c.Config)
	if err != nil {
		return err
	}
	keys, err := config.LoadKeys(path)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return fmt.Errorf("%s has no encryption_keys: there is nothing to decrypt", path)
	}
	payloads, err := codec.New(keys)
	if err != nil {
		return err
	}
	var origins []string
	for _, ui := range c.UI {
		origin, err := originOf(ui)
		if err != nil {
			return err
		}
		origins = append(origins, origin)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("codec server: %w", err)
	}
	p.say("Codec server: http://%s", listener.Addr())
	p.say("For:          %s", strings.Join(origins, " "))
	p.say("Keys:         %s (the first encrypts)", strings.Join(payloads.KeyIDs(), " "))
	p.say("In the Web UI, the glasses at the top take its address. Ctrl-C ends it.")
	return serve(ctx, listener, payloads.Handler(origins))
}

// serve answers until ctx ends, and then what was asked before.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	const (
		request = 30 * time.Second // of some megabytes, on one machine
		grace   = 5 * time.Second
	)
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: request, WriteTimeout: request, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		stopped <- server.Shutdown(last)
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("codec server: %w", err)
	}
	if err := <-stopped; err != nil {
		return errors.Join(fmt.Errorf("codec server: %w", err), server.Close())
	}
	return nil
}
