package temporaldev

import (
	"net"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
)

const (
	loopback    = "127.0.0.1"
	clusterName = "active"
	storeName   = "sqlite"
)

// backends are the services beside the frontend; nobody but the server itself talks to them.
var backends = []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService}

func newConfig(frontend *net.TCPAddr, ports []int, file string) *config.Config {
	services := map[string]config.Service{string(primitives.FrontendService): service(frontend.Port)}
	for i, name := range backends {
		services[string(name)] = service(ports[i])
	}
	return &config.Config{
		// Membership is static; validation asks for a time-out all the same.
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: startTimeout, BroadcastAddress: loopback}},
		Persistence: config.Persistence{
			DefaultStore:     storeName,
			VisibilityStore:  storeName,
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{storeName: {SQL: database(file)}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend.String()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: frontend.String()},
	}
}

func service(port int) config.Service {
	return config.Service{RPC: config.RPC{GRPCPort: port, BindOnLocalHost: true}}
}

func database(file string) *config.SQL {
	if file == "" {
		// The name is what separates one database in memory from another of the same process.
		return &config.SQL{
			PluginName:        sqlite.PluginName,
			DatabaseName:      uuid.NewString(),
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}
	}
	// With a write-ahead log a file is as fast as memory, and survives a killed process.
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      file,
		ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "normal"},
	}
}

const metricsPath = "/metrics"

// metricsOn names metrics as the server's own documentation does, and counts at once: the other framework the server knows
// reports once a second.
func metricsOn(listen *net.TCPAddr) *metrics.Config {
	return &metrics.Config{
		ClientConfig: metrics.ClientConfig{WithoutUnitSuffix: true, WithoutCounterSuffix: true},
		Prometheus: &metrics.PrometheusConfig{
			Framework: metrics.FrameworkOpentelemetry, ListenAddress: listen.String(), HandlerPath: metricsPath,
		},
	}
}

// tuning lifts the limits that stand for clusters of many shards: with one shard they hold a workflow to about twenty
// steps a second.
func tuning() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.TransferProcessorMaxPollRPS.Key():                  2000,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():                     2000,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key():                2000,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 1000,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():           20000,
		// Else a timer below a second takes a second.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): 10 * time.Millisecond,
		// One partition: a poller need not be lucky to find the task.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		// It asks the internet for newer versions.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
	}
}
