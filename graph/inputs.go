package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/graph/model"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/transcription"
	"github.com/vektah/gqlparser/v2/ast"
)

// change tells what was not given from what was given as null.
func change(in model.OrganizationUpdateInput) identity.Change {
	c := identity.Change{OrganizationID: in.OrganizationID, Name: in.Name.Value(), TranscribeUploads: in.TranscribeUploads.Value()}
	if language, set := in.LanguageCode.ValueOK(); set {
		c.Language = &identity.Optional[string]{Value: language}
	}
	if analysis, set := in.Analysis.ValueOK(); set {
		c.Analysis = &identity.Optional[[]identity.Analysis]{}
		if analysis != nil {
			c.Analysis.Value = &analysis
		}
	}
	if days, set := in.RecordingRetentionDays.ValueOK(); set {
		c.RecordingDays = &identity.Optional[int]{Value: days}
	}
	return c
}

func profile(in model.ViewerUpdateInput) (p identity.Profile) {
	if name, set := in.Name.ValueOK(); set {
		p.Name = &identity.Optional[string]{Value: name}
	}
	if avatar, set := in.AvatarURL.ValueOK(); set {
		p.AvatarURL = &identity.Optional[string]{Value: avatar}
	}
	return p
}

// text is empty for what was not given.
func text(given graphql.Omittable[*string]) string {
	if value := given.Value(); value != nil {
		return *value
	}
	return ""
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// unless is nothing where something went wrong.
func unless[T any](err error, v T) *T {
	if err != nil {
		return nil
	}
	return &v
}

func requested(in model.TranscriptionRequestInput) transcription.RequestInput {
	out := transcription.RequestInput{LanguageCode: in.LanguageCode.Value(), IdempotencyKey: in.IdempotencyKey.Value()}
	if id := in.Source.RecordingID.Value(); id != nil {
		out.RecordingID = *id
	}
	if from := in.Source.URL.Value(); from != nil {
		out.Address = &recording.Address{OrganizationID: from.OrganizationID, URL: from.URL}
	}
	return out
}

// window reads the arguments of Transcription.utterances. Errors: Invalid.
func window(first int, after *string, fromMs, toMs *int) (transcription.Window, error) {
	w := transcription.Window{First: first, After: -1, ToMs: 1<<31 - 1}
	if _, err := (page.Args{First: first}).Size(transcription.MaxUtterances); err != nil {
		return w, err
	}
	if after != nil {
		if err := page.Decode(*after, &w.After); err != nil {
			return w, err
		}
	}
	if fromMs != nil {
		w.FromMs = *fromMs
	}
	if toMs != nil {
		w.ToMs = *toMs
	}
	if w.FromMs < 0 || w.ToMs < w.FromMs || w.ToMs > 1<<31-1 || w.After < -1 || w.After > 1<<31-1 {
		return w, fault.Invalid("fromMs", "Ask for a time from fromMs to toMs, both in milliseconds from the beginning.")
	}
	return w, nil
}

// asked says whether one of these paths is selected below the field that is being resolved, so that what
// nobody asked for need not be read.
func asked(ctx context.Context, paths ...string) bool {
	field := graphql.GetFieldContext(ctx).Field
	return slices.ContainsFunc(paths, func(path string) bool {
		return selected(graphql.GetOperationContext(ctx), field.Selections, strings.Split(path, "."))
	})
}

func selected(rc *graphql.OperationContext, in ast.SelectionSet, path []string) bool {
	return len(path) == 0 || slices.ContainsFunc(graphql.CollectFields(rc, in, nil), func(f graphql.CollectedField) bool {
		return f.Name == path[0] && selected(rc, f.Selections, path[1:])
	})
}

func utterancePage(list []transcription.Utterance, t *transcription.Transcription, w transcription.Window) *model.UtteranceConnection {
	cursor := func(u transcription.Utterance) string { return page.Encode(u.Index) }
	return &model.UtteranceConnection{Connection: page.Cut(list, int32(w.First), w.After >= 0, cursor), TranscriptionID: t.ID, Window: w}
}
