package limit_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/limit"
)

func TestPlacesOfOneKeyAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	p := limit.NewPlaces(2)
	leave, _ := p.Take("loud")
	p.Take("loud")
	if _, found := p.Take("loud"); found {
		t.Error("a third of two places was given away")
	}
	if _, found := p.Take("quiet"); !found {
		t.Error("another key pays")
	}
	leave()
	if _, found := p.Take("loud"); !found {
		t.Error("a place that was given back is gone")
	}
}

func TestWithoutANumberThereIsRoomForAll(t *testing.T) {
	t.Parallel()
	p := limit.NewPlaces(0)
	for range 1000 {
		if _, found := p.Take("a"); !found {
			t.Fatal("refused")
		}
	}
}

func TestNobodyGetsAPlaceMoreBecauseManyAskAtOnce(t *testing.T) {
	t.Parallel()
	const most = 20
	p := limit.NewPlaces(most)
	var open atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				leave, found := p.Take("a")
				if !found {
					continue
				}
				if n := open.Add(1); n > most {
					t.Errorf("%d are open", n)
				}
				open.Add(-1)
				leave()
			}
		})
	}
	all.Wait()
	for range most {
		if _, found := p.Take("a"); !found {
			t.Fatal("a place was lost")
		}
	}
}
