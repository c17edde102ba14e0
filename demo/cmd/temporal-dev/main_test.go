package main

import (
	"bufio"
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"payrecon/demo/temporaldev"
)

func TestServerRunsUntilItsStandardInputEnds(t *testing.T) {
	t.Parallel()
	stdin, parent := io.Pipe()
	stdout, program := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(untilEnd(t.Context(), stdin), temporaldev.Options{Address: "127.0.0.1:0"}, program)
	}()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var ready struct{ Address string }
	require.NoError(t, json.Unmarshal(line, &ready))
	c, err := client.DialContext(t.Context(), client.Options{HostPort: ready.Address})
	require.NoError(t, err)
	c.Close()

	require.NoError(t, parent.Close())

	require.NoError(t, <-ended)
}
