//go:build unix

// Package reliability writes the page about what payrecon promises and how that is checked, out of what was measured:
// docs/reliability.md holds nothing that was typed by hand.
package reliability

// Checked is a promise of the design, and what would notice if it broke.
type Checked struct {
	Promise string
	Says    string
	By      []string // in words: what is judged, and when
	Tests   []string // beside the simulator and the campaign of kills
}

// Promises are those of the design.
var Promises = []Checked{
	{
		"I1", "at most one payment of ours on the other side per payment",
		[]string{"simulator: after every write", "campaign of kills: after every round, from the ledger", "a real Tryton: in the end, from its own ledger"},
		[]string{"TestNoPaymentIsMadeTwiceWhateverHappens", "TestTriggersOfOneCompanyShareOneLock", "TestWorkerKilledInTheMiddleOfAWrite"},
	},
	{
		"I2", "our writes never take a document above its total",
		[]string{"simulator: after every write, against what could be known a quarter of an hour before", "campaign of kills: after every round", "a real Tryton: in the end, from its own ledger"},
		[]string{"TestPaymentCancelledDuringAQuotaWaitIsNotBooked"},
	},
	{
		"I3", "once faults stop and nobody else writes, a run leaves no difference but listed exceptions; the next run writes nothing",
		[]string{"simulator: at the end of every world", "campaign of kills: at the end of every round"},
		[]string{"TestPassingFaultsOnEveryRequestAreRiddenOut"},
	},
	{
		"I4", "every missing payment is created or reported with a reason",
		[]string{"simulator: at the end of every world, by the sums on both sides; and what nobody disturbed must be no exception", "campaign of kills: at the end of every round"},
		[]string{"TestAnInvoiceThatNobodyCanReadIsOneRow", "TestWhatTheFeedsMissTheFullRunFinds"},
	},
	{
		"I5", "a plan writes nothing",
		[]string{"simulator: after every write, one run in five is a plan"},
		[]string{"TestPlanWritesNothingAndSaysWhatItWould", "TestAPlanWritesNothingAndSaysWhatItWouldDo"},
	},
	{
		"I6", "no write outside the three statuses, the chosen direction, the same currency, the start date",
		[]string{"simulator: after every write", "campaign of kills: after every round"},
		[]string{"TestDirectionAndSingleInvoicesLimitWhatIsWritten", "TestChosenDirectionIsTheOnlyOneWritten", "TestStartDate"},
	},
	{
		"I7", "same inputs, same decisions; recorded histories replay",
		[]string{"the same seed plays the same world, request by request", "histories of every earlier edition are replayed"},
		[]string{"TestSameSeedPlaysTheSame", "TestSavedHistoriesReplay", "TestAReplayFailsWhereTheCommandsAreOthers", "TestTheOrderOfTheListsChangesNothing"},
	},
	{
		"I8", "the request stream stays within the second, hour and day budgets and never repeats a GET within a minute",
		[]string{"simulator: the sandbox has the real limits, and refuses nothing of its own accord (the slot of a second is kept by the test environment there, by the activities elsewhere)", "campaign of kills: the same, with limits turned up"},
		[]string{"TestQuarterHoursForDaysStayWithinTheRealLimits", "TestTooManyRequestsWaitForTheirQuota", "TestSlotIsKeptToItsEnd"},
	},
	{
		"I9", "no token, password or e-mail address in logs, errors, histories or reports",
		[]string{"a test that searches everything that is ever shown, in all encodings, while the other side echoes what it was given", "simulator: every report and error"},
		[]string{"TestNoCredentialIsEverShown", "TestACredentialIsFoundHoweverItIsWrapped", "TestAWrongConfigurationShowsNoCredential", "TestSavedHistoriesHoldNoCredential"},
	},
	{
		"I10", "every write is in the report: what, where, why, before and after",
		[]string{"simulator: at the end of every run, the report against the books and the books against the report", "campaign of kills: after every round"},
		[]string{"TestWhatWasSentAndNotSeenIsToldWhenTheRunEnds", "TestWhatWasPostedAndNotSeenIsToldWhenTheRunEnds"},
	},
}

// Adversity is something that goes wrong and is no fault of one request, or cannot strike in virtual time.
type Adversity struct {
	What, How, Must, Test string
}

// Adversities are what the table of faults holds beside the simulator's own cases.
var Adversities = []Adversity{
	{"answer that comes late, but in time (`slow`)", "sandbox, over a socket", "no difference", "TestASlowAnswerThatIsWaitedForIsAnAnswer"},
	{"answer without end (`endless`)", "sandbox, over a socket", "read up to a bound, then as a lost answer", "TestAnswersThatBreakOrDoNotEnd"},
	{"pages that shift while they are read", "simulator: people add and remove invoices between two pages", "rows count once; where the total shrank, pages are read again", "TestShrunkListingGoesBackAsFarAsRowsMoved"},
	{"a page that repeats itself for ever", "sandbox, `body`", "the run ends and says so; nothing is written", "TestAListingThatRepeatsItselfEndsTheRunPlainly"},
	{"people pay, cancel, edit, tag, remove on either side", "simulator: between any two requests", "decided again, or left to people", "TestWorldsKeepEveryPromise"},
	{"several triggers at once", "simulator, and a schedule, the CLI and a raw start at once", "one run after another; equal ones share one", "TestTriggersOfOneCompanyShareOneLock"},
	{"the worker dies with the answer in its hand", "simulator: the activity times out after its request", "as a lost answer", "TestWorldsKeepEveryPromise"},
	{"a worker that is busy for minutes", "simulator: an activity waits for its worker", "`StaleRead`: read and decided again", "TestWorldsKeepEveryPromise"},
	{"kill -9 of the worker, at each point of a run", "campaign of kills", "another worker goes on; nothing twice, nothing lost", "TestNoPaymentIsMadeTwiceAndNoneIsLostWhateverIsKilled"},
	{"kill -9 of the Temporal server, and restart on its database", "campaign of kills", "the same", "TestNoPaymentIsMadeTwiceAndNoneIsLostWhateverIsKilled"},
	{"a worker of an older or newer build takes over", "campaign of kills", "the same", "TestNoPaymentIsMadeTwiceAndNoneIsLostWhateverIsKilled"},
	{"cancel, terminate, reset of trigger, company and run; reset and pause of an activity", "campaign of kills", "the same", "TestNoPaymentIsMadeTwiceAndNoneIsLostWhateverIsKilled"},
	{"a person pays the same in Tryton, by record, Pay button or statement, before each step of a payment", "proxy in front of a real Tryton", "never twice; an exception says why, and what of ours is left", "TestAPersonPaysTheSameInTheMiddleOfARun"},
	{"a person pays between our last look and the step that reaches the ledger", "the same", "nobody can prevent that; the next run reports it", "TestAPaymentAtTheVeryLastMomentIsFoundOut"},
	{"kill -9 of Tryton in the middle of each kind of write", "proxy: killed as the request arrives", "one payment, complete", "TestTrytonIsKilledInTheMiddleOfAWrite"},
	{"each fault of the wire at each step of a payment in Tryton", "proxy", "one payment, complete", "TestEveryStepMeetsEveryFault"},
	{"wrong credentials", "sandbox with another token", "the run ends, and says which side and what to check", "TestWrongCredentialsEndTheRunAndSayWhatToCheck"},
}
