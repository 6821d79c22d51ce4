package password_test

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/password"
)

const right, wrong = "correct horse battery", "correct horse batterz"

func noFloor() *password.Guard { return password.New(password.Options{Floor: -1}) }

func wantVerify(t *testing.T, g *password.Guard, hash string, anew bool) {
	t.Helper()
	if ok, rehash, err := g.Verify(t.Context(), hash, right); !ok || rehash != anew || err != nil {
		t.Errorf("%.12s: right password: %v, %v, %v", hash, ok, rehash, err)
	}
	if ok, rehash, err := g.Verify(t.Context(), hash, wrong); ok || rehash || err != nil {
		t.Errorf("%.12s: wrong password: %v, %v, %v", hash, ok, rehash, err)
	}
}

func TestANewHashIsArgon2idAndNeverTheSameTwice(t *testing.T) {
	t.Parallel()
	g := noFloor()
	first, err := g.Hash(t.Context(), right)
	second, failed := g.Hash(t.Context(), right)
	if errors.Join(err, failed) != nil || first == second || !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashes %q and %q, %v", first, second, err)
	}
	wantVerify(t, g, first, false)
}

func TestHashesOfOlderAppsVerifyAndAreMadeAnew(t *testing.T) {
	t.Parallel()
	g := noFloor()
	salt := "00112233445566778899aabbccddeeff"
	key, err := scrypt.Key([]byte(right), []byte(salt), 16384, 8, 1, 64)
	if err != nil {
		t.Fatal(err)
	}
	wantVerify(t, g, salt+":"+hex.EncodeToString(key), true)
	crypted, err := bcrypt.GenerateFromPassword([]byte(right), 10)
	if err != nil {
		t.Fatal(err)
	}
	wantVerify(t, g, string(crypted), true)
	wantVerify(t, g, strings.Replace(string(crypted), "$2a$", "$2b$", 1), true)
}

// Made by Node: crypto.scryptSync("hunter2hunter2", "5f0c…", 64).
func TestAHashThatNodeMadeVerifies(t *testing.T) {
	t.Parallel()
	const hash = "5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5:4d19fad385b41f0981f34bd6878a8af3c05f40e4e208960785004ab26b2db53f03b79fd46efe8c6ce8732deecb66e86bbece43cecc0ae35a4c9eeacf76d7187d"
	if ok, rehash, err := noFloor().Verify(t.Context(), hash, "hunter2hunter2"); !ok || !rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
	}
}

func TestAnAccountThatIsNotThereHasNoPassword(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", right, strings.Repeat("a", 100_000)} {
		if ok, rehash, err := noFloor().Verify(t.Context(), "", p); ok || rehash || err != nil {
			t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
		}
	}
}

func TestARowThatSomebodyWroteCostsNothingAndOpensNothing(t *testing.T) {
	t.Parallel()
	g := noFloor()
	for _, hash := range []string{
		"x", ":", "zz:zz", "$2", "$2a$31$abcdefghijklmnopqrstuuvwxyzabcdefghijklmnopqrstuvwxyzabcd", "$argon2id$",
		"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA", "$argon2id$v=19$m=65536,t=4000000,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA",
		"$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA", "$argon2id$v=19$m=19456,t=2,p=0$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$", "$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA",
	} {
		if ok, _, err := g.Verify(t.Context(), hash, right); ok || err == nil {
			t.Errorf("%q: %v, %v", hash, ok, err)
		}
	}
}

func TestNoAnswerIsFasterThanTheFloor(t *testing.T) {
	t.Parallel()
	g := password.New(password.Options{Floor: 80 * time.Millisecond})
	for _, hash := range []string{"", "nonsense"} {
		began := time.Now()
		_, _, _ = g.Verify(t.Context(), hash, right)
		if took := time.Since(began); took < 80*time.Millisecond {
			t.Errorf("%q took %s", hash, took)
		}
	}
}

func TestWhoWaitsInVainForATurnIsTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := password.New(password.Options{AtOnce: 1, Floor: -1})
	refused := 0
	for range 50 { // a select with both sides ready takes either
		if _, err := g.Hash(ctx, right); errors.Is(err, context.Canceled) {
			refused++
		}
	}
	if _, err := g.Hash(t.Context(), right); err != nil || refused == 0 {
		t.Errorf("refused %d, then %v", refused, err)
	}
}

func TestTheSameCharactersAreTheSamePassword(t *testing.T) {
	t.Parallel()
	g := noFloor()
	hash, err := g.Hash(t.Context(), "cafe\u0301 au lait")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := g.Verify(t.Context(), hash, "caf\u00e9 au lait"); !ok || err != nil {
		t.Errorf("Verify = %v, %v", ok, err)
	}
}

func TestPasswordsThatAreTriedFirstCannotBeChosen(t *testing.T) {
	t.Parallel()
	g := noFloor()
	for _, p := range []string{"", "seven77", "password", "PASSWORD", "iloveyou1", "aaaaaaaaaaaa", strings.Repeat("ab", 65), "ada@example.com", "adalovelace", "\xff\xfe and more", "nul\x00nul\x00nul"} {
		err := g.Check(p, "ada@example.com", "adalovelace@example.com")
		if f := fault.As(err); f == nil || f.Code != fault.CodeInvalid || f.Field != "password" {
			t.Errorf("%q: %v", p, err)
		}
	}
	for _, p := range []string{right, "äöüßéèàç", "lower case only", strings.Repeat("ab", 64), "12 34 56 78 90"} {
		if err := g.Check(p, "ada@example.com"); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	g := noFloor()
	for _, hash := range []string{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA", "$2a$04$", "00:00"} {
		f.Add(hash, "password")
	}
	f.Fuzz(func(t *testing.T, hash, p string) {
		if ok, rehash, err := g.Verify(t.Context(), hash, p); err != nil && (ok || rehash) {
			t.Errorf("%q opened with %v", hash, err)
		}
	})
}
