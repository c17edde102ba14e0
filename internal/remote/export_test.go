package remote

// NewTransport is newTransport, for the tests.
var NewTransport = newTransport
