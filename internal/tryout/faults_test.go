//go:build unix

package tryout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"payrecon/internal/faulty"
	"payrecon/internal/report"
	"payrecon/internal/tryout"
)

// Target: every step of a payment in Tryton. Injection: kill -9 of Tryton about halfway through the request that makes the step
// for two payments at once; it is started again at once.
// Expected: the run goes on when Tryton is back, looks what has become of the step, and makes each payment once.
func TestTrytonIsKilledInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	c := open(t, false)
	took := map[tryout.Step]time.Duration{}
	for _, step := range tryout.Making() {
		var began time.Time
		c.Proxy.Before(step.Is, func() { began = time.Now() })
		c.Proxy.After(step.Is, func() { took[step] = time.Since(began) })
	}
	two := func() {
		for range 2 {
			payInPrecoro(t, c, enter(t, c, tryout.Document{Total: "60.00"}), "45.00", -1)
		}
		require.Equal(t, report.ByDirection{ToERP: 2}, run(t, c).Created)
	}
	two()
	for _, step := range tryout.Making() {
		c.Proxy.Before(step.Is, func() { c.KillIn(t.Context(), string(step), took[step]/2) })
		two()
		require.NoError(t, c.Restarted())
	}
	v := judged(t, c)
	require.Equal(t, []int{10, 10, 0}, []int{v.Due, v.ToERP, v.Left})
	require.Empty(t, v.Exceptions)
}

// kinds are what goes wrong with a request on its way to Tryton, or with the answer.
var kinds = []faulty.Kind{faulty.LostAnswer, faulty.Cut, faulty.HTML, faulty.Reset, faulty.BadGateway, faulty.ServerError}

// Target: every step of a payment in Tryton, the key that a person's payment gets there, and the reading of bills.
// Injection: in each run another fault at each of them, until every one has met every fault: the answer is lost, cut in the
// middle or replaced by a page, after the request was carried out; the connection breaks, or an error comes, before it was. In
// one run more Tryton forgets payrecon's session before each of them.
// Expected: each payment is made once, on either side; payrecon logs in again once each time.
func TestEveryStepMeetsEveryFault(t *testing.T) {
	t.Parallel()
	for name, module := range map[string]bool{"bare": false, "with the module": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, module)
			half := len(kinds) / 2
			first := 0
			if module {
				first = half
			}
			steps := append(tryout.Making(), tryout.PutKey, tryout.ReadInvoices)
			both := func() {
				payInPrecoro(t, c, enter(t, c, tryout.Document{Total: "110.00", Currency: "USD"}), "45.00", -1)
				payInTryton(t, c, enter(t, c, tryout.Document{Total: "60.00"}), tryout.ByRecord, "60.00", -1)
				run(t, c)
			}
			for round := first; round < first+half; round++ {
				for i, step := range steps {
					c.Proxy.Fail(faulty.Fault{Kind: kinds[(round+i)%len(kinds)], Match: step.Is})
				}
				both()
			}
			logins := c.Proxy.Count(tryout.LogIn.Is)
			for _, step := range steps {
				c.ForgetSession(t.Context(), step.Is)
			}
			both()
			require.Equal(t, len(steps), logins())
			met := 0
			for _, n := range c.Proxy.Met() {
				met += n
			}
			require.Equal(t, half*len(steps), met)
			v := judged(t, c)
			require.Equal(t, []int{2 * (half + 1), half + 1, half + 1}, []int{v.Due, v.ToERP, v.ToPrecoro})
			require.Empty(t, v.Exceptions)
		})
	}
}

// Target: a payment that is created in Tryton. Injection: the answer does not come for as long as anybody waits for one.
// Expected: the run looks what has become of it, and goes on with the payment that is there.
func TestAnAnswerThatNobodyWaitsForIsLookedFor(t *testing.T) {
	t.Parallel()
	c := open(t, false)
	c.Proxy.Fail(faulty.Fault{Kind: faulty.Slow, Match: tryout.Create.Is, Delay: time.Hour})
	payInPrecoro(t, c, enter(t, c, tryout.Document{Total: "60.00"}), "45.00", -1)
	require.Equal(t, report.ByDirection{ToERP: 1}, run(t, c).Created)
	v := judged(t, c)
	require.Equal(t, []int{1, 1}, []int{v.Due, v.ToERP})
}
