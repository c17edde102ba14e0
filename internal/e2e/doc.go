// Package e2e holds the end-to-end tests: the real worker on a real Temporal server, against the sandbox. The sandbox's
// ledger is the judge, not payrecon's own report.
package e2e
