// Package temporaldev runs a whole Temporal server, and its Web UI if wanted, inside the calling process: on loopback
// only, upon SQLite, asking nothing of the internet. It is for demonstrations and tests, not for anybody's payments.
package temporaldev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"

	serverconfig "go.temporal.io/server/common/config"
)

// Namespace is the only namespace there is.
const Namespace = "default"

// startTimeout bounds how long a started server may take to answer. It takes less than a second on an idle machine.
const startTimeout = 60 * time.Second

// Options are where the server listens and where it keeps what it knows.
type Options struct {
	Address   string // host:port of the gRPC endpoint; the host must be loopback, port 0 takes a free one
	UIAddress string // the same of the Web UI; "" runs none
	// MetricsAddress is the same of the server's own metrics, among them the counter of billable actions; "" serves none.
	MetricsAddress string
	Database       string // SQLite file, made if it is not there; "" keeps everything in memory
}

// Server is a running Temporal server.
type Server struct {
	address  string
	metrics  string // URL of the metrics, "" if they are not served
	temporal temporal.Server
	ui       *webUI // nil if there is none
}

// Start runs a server and returns when it answers. A port that is taken meanwhile by somebody else ends the process:
// Temporal's server knows no other way.
func Start(ctx context.Context, o Options) (*Server, error) {
	listen, err := reserve(o.Address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", o.Address, err)
	}
	listenUI, err := reserveIfGiven(o.UIAddress)
	if err != nil {
		return nil, fmt.Errorf("address of the Web UI %q: %w", o.UIAddress, err)
	}
	listenMetrics, err := reserveIfGiven(o.MetricsAddress)
	if err != nil {
		return nil, fmt.Errorf("address of the metrics %q: %w", o.MetricsAddress, err)
	}
	ports, err := freePorts(len(backends))
	if err != nil {
		return nil, fmt.Errorf("find free ports: %w", err)
	}
	cfg := newConfig(listen, ports, o.Database)
	if err := prepare(cfg, o.Database); err != nil {
		return nil, fmt.Errorf("prepare database %q: %w", o.Database, err)
	}
	s := &Server{address: listen.String()}
	if listenMetrics != nil {
		cfg.Global.Metrics = metricsOn(listenMetrics)
		s.metrics = "http://" + listenMetrics.String() + metricsPath
	}
	if s.temporal, err = newTemporal(cfg, listen, ports); err != nil {
		return nil, fmt.Errorf("make the Temporal server: %w", err)
	}
	if err := s.temporal.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.ready(ctx, listenUI); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func newTemporal(cfg *serverconfig.Config, listen *net.TCPAddr, ports []int) (temporal.Server, error) {
	hosts := map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: static.SingleLocalHost(listen.String()),
	}
	for i, service := range backends {
		hosts[service] = static.SingleLocalHost(net.JoinHostPort(loopback, strconv.Itoa(ports[i])))
	}
	return temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(tuning()),
		// What ends the process must be seen. The rest is chatter: a server that stops logs errors by the dozen.
		temporal.WithLogger(log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "fatal", Format: "console"}))),
	)
}

// prepare makes the tables of a new database, and the namespace.
func prepare(cfg *serverconfig.Config, file string) error {
	store := cfg.Persistence.DataStores[storeName].SQL
	if _, err := os.Stat(file); file != "" && errors.Is(err, os.ErrNotExist) {
		if err := sqlite.SetupSchema(store); err != nil {
			return err
		}
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, Namespace, false, nil)
	if err != nil {
		return err
	}
	return sqlite.CreateNamespaces(store, namespace)
}

// ready waits until the namespace can be used, then starts the Web UI.
func (s *Server) ready(ctx context.Context, listenUI *net.TCPAddr) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: s.address, Namespace: Namespace, Logger: silent{}})
	if err != nil {
		return fmt.Errorf("reach the Temporal server: %w", err)
	}
	c.Close()
	if s.metrics != "" {
		if err := await(ctx, s.metrics); err != nil {
			return fmt.Errorf("reach the metrics: %w", err)
		}
	}
	if listenUI == nil {
		return nil
	}
	if s.ui, err = startUI(ctx, listenUI, s.address); err != nil {
		return fmt.Errorf("start the Web UI: %w", err)
	}
	return nil
}

// Address is the host:port of the gRPC endpoint.
func (s *Server) Address() string { return s.address }

// UIURL is where the Web UI is, "" if there is none.
func (s *Server) UIURL() string {
	if s.ui == nil {
		return ""
	}
	return s.ui.url
}

// MetricsURL is where the server's metrics are, as Prometheus reads them; "" if they are not served.
func (s *Server) MetricsURL() string { return s.metrics }

// Stop ends the server and the Web UI. What is in a database file stays there.
func (s *Server) Stop() error {
	if s.ui != nil {
		s.ui.stop()
	}
	return s.temporal.Stop()
}

// silent drops what the client that waits for the server has to say.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
