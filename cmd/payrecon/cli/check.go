package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"payrecon/internal/check"
	"payrecon/internal/config"
	"payrecon/internal/remote"
	"payrecon/worker"
)

type checkCommand struct {
	Company string `placeholder:"NAME" help:"Company in the configuration. Default: all of them, one after another."`
	Config  string `placeholder:"FILE" help:"Configuration file. Default: $$PAYRECON_CONFIG, or payrecon.toml here."`
	Output  string `short:"o" enum:"table,json" default:"table" help:"How to print the result: table or json. Default: ${default}."`
}

// Run checks the companies and prints what was seen.
func (c checkCommand) Run(ctx context.Context, p *Program) error {
	companies, err := c.companies()
	if err != nil {
		return err
	}
	checker := check.New(p.Now, remote.Wait)
	var results []check.Result
	for _, company := range companies {
		p.say("Checking %s.", company.Name)
		result := checker.Check(ctx, company)
		if ctx.Err() != nil {
			p.say("Interrupted; a check that was cut off says nothing.")
			return status(exitInterrupted)
		}
		results = append(results, result)
	}
	report := check.NewReport(results)
	if err := c.print(p, report); err != nil {
		return err
	}
	if !report.Reached {
		return status(exitError)
	}
	return nil
}

// companies are those to be checked, with the clients that a worker would have.
func (c checkCommand) companies() ([]check.Company, error) {
	path, err := config.Find(c.Config)
	if err != nil {
		return nil, err
	}
	settings, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	built, err := worker.Companies(settings, adapters)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	var companies []check.Company
	var names []string
	for i, one := range built {
		names = append(names, one.Settings.Company)
		companies = append(companies, check.Company{
			Name: one.Settings.Company, Precoro: one.Precoro, Slot: one.Slot,
			ERP: one.ERP, System: settings.Companies[i].ERP.System, Linking: one.Settings.Linking,
		})
	}
	if c.Company == "" {
		return companies, nil
	}
	at := slices.Index(names, c.Company)
	if at < 0 {
		return nil, unknownCompany(c.Company, path, names)
	}
	return companies[at : at+1], nil
}

func unknownCompany(name, path string, names []string) error {
	return misuse{error: fmt.Errorf("--company: %q is not in %s, accepted are %s", name, path, strings.Join(names, ", "))}
}

func (c checkCommand) print(p *Program, report check.Report) error {
	if c.Output == "json" {
		return report.JSON(p.Stdout)
	}
	return report.Table(p.Stdout, p.Width, p.Color)
}
