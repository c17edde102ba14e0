package sandbox

import "sync"

// guard is the lock of everything a sandbox holds, and counts how often it was taken by somebody who may have changed the
// world: what was found before is true as long as that number is the same.
type guard struct {
	mu      sync.Mutex
	changes int
	catchUp func() // called under the lock, before its holder sees anything
}

func (g *guard) Lock() {
	g.LockToLook()
	g.changes++
}

// LockToLook is Lock for who leaves both systems' documents as they are.
func (g *guard) LockToLook() {
	g.mu.Lock()
	g.catchUp()
}

func (g *guard) Unlock() { g.mu.Unlock() }
