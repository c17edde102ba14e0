package temporaldev

import (
	"errors"
	"net"
)

// reserve checks that the address is loopback and free, and gives port 0 a number.
func reserve(address string) (*net.TCPAddr, error) {
	want, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	if !want.IP.Equal(net.ParseIP(loopback)) {
		return nil, errors.New("must be 127.0.0.1: whoever reaches this server may do anything with it")
	}
	l, err := net.ListenTCP("tcp4", want)
	if err != nil {
		return nil, err
	}
	return l.Addr().(*net.TCPAddr), l.Close()
}

// reserveIfGiven is reserve, and nil for no address.
func reserveIfGiven(address string) (*net.TCPAddr, error) {
	if address == "" {
		return nil, nil
	}
	return reserve(address)
}

// freePorts finds n different ports: all are held until the last is known.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.ParseIP(loopback)})
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // a listener nobody connected to
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
