package sandbox

type precoroLimits struct{}

func newPrecoroLimits(Limits) precoroLimits { return precoroLimits{} }

type erplyLimits struct{}

func newErplyLimits(Limits) erplyLimits { return erplyLimits{} }

type logins struct{}

func newLogins() logins { return logins{} }
