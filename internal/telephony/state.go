package telephony

import "github.com/switchboard-voice/switchboard/internal/provider/signalwire"

// Direction says who called.
type Direction string

const (
	Inbound  Direction = "INBOUND"
	Outbound Direction = "OUTBOUND"
)

// Status says how far a call is.
type Status string

const (
	Pending    Status = "PENDING"    // ours only: the provider has not said that it knows of it
	Initiating Status = "INITIATING" // the provider has it
	Ringing    Status = "RINGING"
	InProgress Status = "IN_PROGRESS" // somebody answered
	Completed  Status = "COMPLETED"
	Failed     Status = "FAILED" // see Failure
	NoAnswer   Status = "NO_ANSWER"
	Busy       Status = "BUSY"
	Canceled   Status = "CANCELED" // ended before somebody answered
)

// Disposition is how a call went, in a person's eyes.
type Disposition string

const (
	Sale          Disposition = "SALE"
	NobodyThere   Disposition = "NO_ANSWER"
	Voicemail     Disposition = "VOICEMAIL"
	NotInterested Disposition = "NOT_INTERESTED"
	FollowUp      Disposition = "FOLLOW_UP"
	WrongNumber   Disposition = "WRONG_NUMBER"
	Other         Disposition = "OTHER"
)

// rank is the whole state graph: whatever comes, in whatever order and however often, a call goes from a lower
// rank to a higher one only. All ends have the same, so that the first one stays.
func (s Status) rank() int {
	switch s {
	case Pending:
		return 1
	case Initiating:
		return 2
	case Ringing:
		return 3
	case InProgress:
		return 4
	case Completed, Failed, NoAnswer, Busy, Canceled:
		return 5
	}
	return 0
}

// CanBecome says whether a call may go from s to another status.
func (s Status) CanBecome(to Status) bool { return s.rank() > 0 && to.rank() > s.rank() }

// Live says whether something is still to be expected without anybody's doing.
func (s Status) Live() bool { return s.rank() < Completed.rank() }

// status is the provider's word in ours; empty for one that it has not said so far.
func status(word signalwire.CallStatus) Status {
	switch word {
	case signalwire.Queued, signalwire.Initiated:
		return Initiating
	case signalwire.Ringing:
		return Ringing
	case signalwire.InProgress:
		return InProgress
	case signalwire.Completed:
		return Completed
	case signalwire.Busy:
		return Busy
	case signalwire.NoAnswer:
		return NoAnswer
	case signalwire.Canceled:
		return Canceled
	case signalwire.Failed:
		return Failed
	}
	return ""
}
