package erptest

import "testing"

// Test runs the whole suite. It fails where the Subject leaves out what it does not say that it cannot do.
func Test(t *testing.T, subject Subject) {
	t.Helper()
	t.Run("the subject is complete", func(t *testing.T) { complete(t, subject, subject.New(t)) })
}
