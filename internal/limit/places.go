package limit

import "sync"

// Places bounds what is open at once under a key. A nil one has room for everything.
type Places struct {
	most int

	mu   sync.Mutex
	open map[string]int // only keys that hold a place: what is open elsewhere bounds the memory
}

// NewPlaces makes so many places for each key, nil where there is no limit.
func NewPlaces(most int) *Places {
	if most <= 0 {
		return nil
	}
	return &Places{most: most, open: map[string]int{}}
}

// Take takes one place of the key's, or says that there is none left. Who got one gives it back, once.
func (p *Places) Take(key string) (leave func(), found bool) {
	if p == nil {
		return func() {}, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[key] >= p.most {
		return nil, false
	}
	p.open[key]++
	return func() { p.leave(key) }, true
}

func (p *Places) leave(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[key]--; p.open[key] == 0 {
		delete(p.open, key)
	}
}
