package sandbox

import "sync"

// guard is the lock of everything a sandbox holds, and counts how often it was taken by somebody who may have changed the
// world: what was found before is true as long as that number is the same.
type guard struct {
	mu      sync.Mutex
	changes int
}

func (g *guard) Lock() {
	g.mu.Lock()
	g.changes++
}

// LockToLook is Lock for who leaves both systems' documents as they are.
func (g *guard) LockToLook() { g.mu.Lock() }

func (g *guard) Unlock() { g.mu.Unlock() }
