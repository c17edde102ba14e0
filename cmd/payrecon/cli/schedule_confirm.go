package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// confirm asks on a terminal, and takes anything but yes for a no. Elsewhere there is nobody to ask.
func (p *Program) confirm(ctx context.Context, question string) (bool, error) {
	const longest = 1024
	if p.Stdin == nil {
		return false, misuse{error: errors.New("--yes is needed where no person can be asked")}
	}
	if _, err := io.WriteString(p.Stderr, question+" [y/N] "); err != nil {
		return false, err
	}
	answer := make(chan string, 1) // a read that nobody waits for any more ends with the program
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(p.Stdin, longest)).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		p.say("")
		return false, status(exitInterrupted)
	case line := <-answer:
		return line == "y" || line == "yes", nil
	}
}
