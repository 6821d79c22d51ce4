package signalwire

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/audio"
)

// order is what somebody wants recorded, and who is told of it.
type order struct {
	on, dual bool
	source   string
	tells    hook
}

// recording is one recording of a call. The server's mutex guards what changes.
type recording struct {
	sid     string
	call    *call
	order   order
	status  string
	created time.Time
}

const (
	processing = "processing"
	absent     = "absent"
)

// startRecording begins one, where it is ordered; else it gives nil.
func (s *Server) startRecording(c *call, o order) *recording {
	if !o.on {
		return nil
	}
	r := &recording{sid: uuid.NewString(), call: c, order: o, status: inProgress, created: time.Now().UTC()}
	s.mu.Lock()
	s.recordings[r.sid] = r
	s.mu.Unlock()
	s.tellRecording(r)
	return r
}

// finishRecording ends one where there is one. Its audio is there a moment after; the call does not wait.
func (s *Server) finishRecording(r *recording) {
	if r == nil {
		return
	}
	s.turn(r, processing)
	r.call.after.Go(func() {
		s.lasts(s.config.Pace.Record)
		if s.currentFaults().Absent {
			s.turn(r, absent)
		} else {
			s.turn(r, completed)
		}
		s.tellRecording(r)
	})
}

func (s *Server) turn(r *recording, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.status = status
}

func (s *Server) tellRecording(r *recording) {
	s.mu.Lock()
	status := r.status
	s.mu.Unlock()
	if !r.order.tells.wants(status) {
		return
	}
	form := s.about(r.call)
	for _, name := range []string{"CallStatus", "Direction", "From", "To", "ApiVersion", "ParentCallSid"} {
		form.Del(name) // the vendor leaves them out here
	}
	duration, channels := s.heard()
	form.Set("RecordingSid", r.sid)
	form.Set("RecordingUrl", r.call.base+s.root()+"/Recordings/"+r.sid)
	form.Set("RecordingStatus", status)
	form.Set("RecordingDuration", "0")
	if status == completed {
		form.Set("RecordingDuration", strconv.Itoa(duration))
	}
	form.Set("RecordingChannels", strconv.Itoa(channels))
	form.Set("RecordingSource", r.order.source)
	s.tell(r.call, &callback{kind: "recording", url: r.order.tells.url, form: form})
}

// heard is the length, in seconds, and the channels of what every recording holds.
func (s *Server) heard() (duration, channels int) {
	info, err := audio.Inspect(bytes.NewReader(s.config.Audio), int64(len(s.config.Audio)))
	if err != nil { // a test's own bytes need not be audio
		return 0, 1
	}
	return int(info.Duration.Seconds()), info.Channels
}

func (s *Server) showRecording(r *recording) map[string]any {
	duration, channels := s.heard()
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{
		"sid": r.sid, "account_sid": s.config.ProjectID, "api_version": apiVersion, "call_sid": r.call.sid, "conference_sid": nil,
		"status": r.status, "source": r.order.source, "channels": channels, "duration": strconv.Itoa(duration), "price": nil, "price_unit": "USD",
		"date_created": stamp(r.created), "date_updated": stamp(time.Now()), "error_code": nil, "uri": s.root() + "/Recordings/" + r.sid + ".json",
	}
}

func (s *Server) listRecordings(r *http.Request) (any, error) {
	query := r.URL.Query()
	if sid := r.PathValue("sid"); sid != "" {
		query.Set("CallSid", sid)
	}
	s.mu.Lock()
	var found []*recording
	for _, one := range s.recordings {
		if fits(query, "CallSid", one.call.sid) {
			found = append(found, one)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(found, func(a, b *recording) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.sid, b.sid)) })
	part, about := page(query, found, s.root()+"/Recordings.json")
	shown := make([]any, len(part))
	for i, one := range part {
		shown[i] = s.showRecording(one)
	}
	about["recordings"] = shown
	return about, nil
}

func (s *Server) findRecording(r *http.Request) (*recording, error) {
	sid, _, _ := strings.Cut(r.PathValue("sid"), ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.recordings[sid]; one != nil {
		return one, nil
	}
	return nil, errMissing
}

// getRecording gives what is known of a recording, or its audio. The vendor's audio asks nobody for a
// password; ours does, so that a link that got out by mistake is noticed.
func (s *Server) getRecording(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.PathValue("sid"), ".json") {
		s.route("recording", func(r *http.Request) (any, error) {
			one, err := s.findRecording(r)
			if err != nil {
				return nil, err
			}
			return s.showRecording(one), nil
		})(w, r)
		return
	}
	if !s.enter("audio", w, r) {
		return
	}
	one, err := s.findRecording(r)
	if err == nil && (!s.there(one) || s.spent(func(f *Faults) *int { return &f.NotReady })) {
		err = errMissing
	}
	if err != nil {
		refuse(w, err)
		return
	}
	s.count(func(stats *Stats) { stats.Audio++ })
	w.Header().Set("Content-Type", "audio/x-wav")
	if s.spent(func(f *Faults) *int { return &f.BreakAudio }) {
		w = &breaking{ResponseWriter: w, left: len(s.config.Audio) / 3}
	}
	http.ServeContent(w, r, "", one.created, bytes.NewReader(s.config.Audio))
}

func (s *Server) there(r *recording) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.status == completed
}

// breaking is an answer whose connection breaks on the way.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) < b.left {
		b.left -= len(p)
		return b.ResponseWriter.Write(p)
	}
	_, _ = b.ResponseWriter.Write(p[:b.left])
	_ = http.NewResponseController(b.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (s *Server) deleteRecording(r *http.Request) (any, error) {
	one, err := s.findRecording(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.recordings, one.sid)
	s.stats.Deleted++
	return nil, nil
}
