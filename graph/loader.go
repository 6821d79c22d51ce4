package graph

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// crowd remembers which rows came together in one answer, so that what hangs on one of them is read for
// all of them with one statement. There is no timer: the list that was just resolved says who belongs
// together, and the first question reads.
type crowd struct {
	mu sync.Mutex
	of map[uuid.UUID][]uuid.UUID
}

// meet says that these rows came together. One that belongs to a crowd already stays there.
func (c *crowd) meet(ids []uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[uuid.UUID][]uuid.UUID, len(ids))
	}
	for _, id := range ids {
		if _, known := c.of[id]; !known {
			c.of[id] = ids
		}
	}
}

// around lists who came with id, itself included.
func (c *crowd) around(id uuid.UUID) []uuid.UUID {
	c.mu.Lock()
	defer c.mu.Unlock()
	if together, known := c.of[id]; known {
		return together
	}
	return []uuid.UUID{id}
}

// loader reads what hangs on the rows of a crowd. It lives as long as one answer.
type loader[V any] struct {
	crowd *crowd
	read  func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]V, error)

	mu    sync.Mutex
	asked map[uuid.UUID]bool
	got   map[uuid.UUID]V
	err   error // of the first read that failed: the others of the crowd need not fail one by one
}

// load gives what hangs on id, the zero value when nothing does.
func (l *loader[V]) load(ctx context.Context, id uuid.UUID) (V, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked[id] && l.err == nil {
		l.fetch(ctx, id)
	}
	return l.got[id], l.err
}

func (l *loader[V]) fetch(ctx context.Context, id uuid.UUID) {
	if l.asked == nil {
		l.asked, l.got = map[uuid.UUID]bool{}, map[uuid.UUID]V{}
	}
	var wanted []uuid.UUID
	for _, other := range l.crowd.around(id) {
		if !l.asked[other] {
			l.asked[other] = true
			wanted = append(wanted, other)
		}
	}
	found, err := l.read(ctx, wanted)
	if err != nil {
		l.err = err
		return
	}
	for key, value := range found {
		l.got[key] = value
	}
}

// meeting has what was found together read on together, too.
func meeting[V any](read func(context.Context, []uuid.UUID) (map[uuid.UUID]*V, error), met func([]V)) func(context.Context, []uuid.UUID) (map[uuid.UUID]*V, error) {
	return func(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*V, error) {
		found, err := read(ctx, ids)
		list := make([]V, 0, len(found))
		for _, one := range found {
			list = append(list, *one)
		}
		met(list)
		return found, err
	}
}
