package activity

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestManyEventsOfSeveralOrganizationsAreOneStatementAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	r := open(t)
	other := uuid.New()
	if _, err := r.store.Pool().Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Two', 'two')", other); err != nil {
		t.Fatal(err)
	}
	r.happen(t, r.store, 2, uuid.New())
	var list []Event
	for i := range 20 {
		e := Event{
			OrganizationID: r.organization, Type: RecordingPlayed, Subject: ids.New(ids.Recording), Actor: Person(uuid.New()), Audience: Audit, Detail: map[string]string{"n": string(rune('a' + i))},
		}
		if i%4 == 3 {
			e.OrganizationID, e.Detail = other, nil
		}
		list = append(list, e)
	}
	before := r.statements.Load()
	if err := r.store.InTx(t.Context(), func(tx *postgres.Tx) error { return RecordAll(t.Context(), tx, list) }); err != nil {
		t.Fatal(err)
	}
	if sent := r.statements.Load() - before; sent > 3 { // with BEGIN and COMMIT
		t.Errorf("%d statements", sent)
	}
	for organization, first := range map[uuid.UUID]int64{r.organization: 3, other: 1} {
		rows, err := r.store.Pool().Query(t.Context(), "SELECT number, subject_id, detail IS NULL FROM switchboard.activity_events WHERE organization_id = $1 AND audience = 'AUDIT' ORDER BY number", organization)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []uuid.UUID
		for rows.Next() {
			var number int64
			var subject uuid.UUID
			var bare bool
			if err := rows.Scan(&number, &subject, &bare); err != nil {
				t.Fatal(err)
			}
			if number != first+int64(len(got)) || bare != (organization == other) {
				t.Errorf("number %d, bare: %t", number, bare)
			}
			got = append(got, subject)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.OrganizationID == organization {
				want = append(want, e.Subject.UUID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	r.happen(t, r.store, 1, uuid.New())
	second := Event{Number: 2}.Cursor()
	stream := r.watch(t, Watching{After: &second})
	if e, ok := stream.next(t); !ok || e.Number != 18 {
		t.Errorf("members see %d after the audit's events", e.Number)
	}
}

func TestManyWritersOfManyEventsLeaveNoGap(t *testing.T) {
	t.Parallel()
	r := open(t)
	store := pool(t, postgres.Config{URL: r.address})
	together(10, func(i int) {
		for range 5 {
			err := store.InTx(t.Context(), func(tx *postgres.Tx) error {
				list := []Event{r.event(uuid.New()), r.event(uuid.New())}
				if i%2 == 0 {
					return Record(t.Context(), tx, list[0])
				}
				return RecordAll(t.Context(), tx, list)
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	events, err := r.after(t.Context(), &Watching{OrganizationID: r.organization}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Number != int64(i+1) {
			t.Fatalf("the event at place %d has number %d", i+1, e.Number)
		}
	}
	if len(events) != 75 {
		t.Errorf("%d events", len(events))
	}
}
