package transcription

import "slices"

// Status says how far a transcription is.
type Status string

const (
	Queued     Status = "QUEUED"     // waits to be handed to the provider
	Processing Status = "PROCESSING" // the provider has it
	Completed  Status = "COMPLETED"  // there is a transcript: final
	Failed     Status = "FAILED"     // see Failure
	Canceled   Status = "CANCELED"   // somebody did not want it any more
)

// next is the whole state graph. Whatever a webhook, a job or a person wants, in whatever order and
// however often, a transcription moves along these arrows only:
//
//	QUEUED → PROCESSING → COMPLETED
//	   ↘         ↘
//	    FAILED, CANCELED → QUEUED (retry: attempt + 1)
//	    FAILED → COMPLETED (a transcript that came after we had given it up)
func (s Status) next() []Status {
	switch s {
	case Queued:
		return []Status{Processing, Failed, Canceled}
	case Processing:
		return []Status{Completed, Failed, Canceled}
	case Failed:
		return []Status{Queued, Completed}
	case Canceled:
		return []Status{Queued}
	}
	return nil
}

// CanBecome says whether there is an arrow from s to another status.
func (s Status) CanBecome(to Status) bool { return slices.Contains(s.next(), to) }

// Live says whether something is still to be expected without anybody's doing.
func (s Status) Live() bool { return s == Queued || s == Processing }
