package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/fault"
)

// made is one of each code.
func made() map[fault.Code]*fault.Fault {
	return map[fault.Code]*fault.Fault{
		fault.CodeInvalid: fault.Invalid("name", "Write %d words.", 2), fault.CodeNotFound: fault.NotFound("thing"), fault.CodeForbidden: fault.Forbidden("No."),
		fault.CodeUnauthenticated: fault.Unauthenticated(), fault.CodeConflict: fault.Conflict("Taken."), fault.CodeInvalidState: fault.InvalidState("Over."),
		fault.CodeExpired: fault.Expired("Old."), fault.CodeCursorExpired: fault.CursorExpired(), fault.CodeLimit: fault.Limit(time.Minute, "Slower."),
		fault.CodeUnavailable: fault.Unavailable(errors.New("boom")), fault.CodeLimitExceeded: fault.LimitExceeded("to", fault.Ceiling{Name: "THINGS"}, "Enough."),
		fault.CodePlanLimit: fault.PlanLimit("All %d are used.", 5),
	}
}

func TestTheTableSaysHowEachFaultIsShown(t *testing.T) {
	t.Parallel()
	for code, want := range map[fault.Code]struct {
		userError bool
		status    int
	}{
		fault.CodeInvalid: {true, 400}, fault.CodeNotFound: {true, 404}, fault.CodeForbidden: {true, 403}, fault.CodeConflict: {true, 409},
		fault.CodeInvalidState: {true, 409}, fault.CodeExpired: {true, 410}, fault.CodeCursorExpired: {true, 410},
		fault.CodePlanLimit:       {true, 402},
		fault.CodeUnauthenticated: {false, 401}, fault.CodeLimit: {false, 429}, fault.CodeLimitExceeded: {true, 429}, fault.CodeUnavailable: {false, 503},
	} {
		f := made()[code]
		if f == nil || f.Code != code || f.UserError() != want.userError || f.Status() != want.status || f.Message == "" {
			t.Errorf("%s: %+v is shown as %v, %d", code, f, f.UserError(), f.Status())
		}
	}
	if strange := (&fault.Fault{Code: "STRANGE"}); strange.UserError() || strange.Status() != 500 {
		t.Error("a code that is not in the table is shown as something that a person can mend")
	}
}

// TestEveryCodeHasItsFault reads the constants: a code that is added without a way to make it and a row
// in the table would be shown as an outage.
func TestEveryCodeHasItsFault(t *testing.T) {
	t.Parallel()
	tree, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if f := made()[fault.Code(code)]; err != nil || f == nil || f.Status() == 500 {
			t.Errorf("%s has no fault: %+v", code, f)
		}
		known++
		return true
	})
	if known != len(made()) {
		t.Errorf("%d codes, %d faults", known, len(made()))
	}
}

func TestACauseIsForTheLogAndNotForThePerson(t *testing.T) {
	t.Parallel()
	cause := errors.New("password of the database is wrong")
	plain := fault.NotFound("thing")
	f := plain.Because(cause)
	if strings.Contains(f.Message, "password") || !strings.Contains(f.Error(), "password") || !errors.Is(f, cause) {
		t.Errorf("message %q, error %q", f.Message, f.Error())
	}
	if errors.Is(plain, cause) {
		t.Error("the fault that was there before has the cause too")
	}
	if u := fault.Unavailable(cause); strings.Contains(u.Message, "password") || !errors.Is(u, cause) || u.RetryAfter <= 0 {
		t.Errorf("%+v", u)
	}
}

func TestAFaultIsFoundUnderWhatWasWrappedAroundIt(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("reading a thing: %w", errors.Join(errors.New("other"), fault.NotFound("thing")))
	if !fault.Is(err, fault.CodeNotFound) || fault.Is(err, fault.CodeInvalid) || fault.As(err) == nil {
		t.Errorf("%v", fault.As(err))
	}
	if fault.As(errors.New("bug")) != nil || fault.As(nil) != nil || fault.Is(nil, fault.CodeNotFound) {
		t.Error("what is no fault was taken for one")
	}
}
