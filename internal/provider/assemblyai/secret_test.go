package assemblyai

import "testing"

func FuzzOnlyTheSecretItselfOpens(f *testing.F) {
	for _, word := range []string{"", "hook", "hook-secret-1234", "hook-secret-1234 ", "Hook-Secret-1234", "\x00", "\xff", "hook-secret-1234\x00"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		secrets := []string{"", "hook-secret-1234", "older-secret-5678"}
		want := sent == secrets[1] || sent == secrets[2]
		if got := CheckSecret(sent, secrets); got != want {
			t.Errorf("%q opens: %v", sent, got)
		}
		if sent != "" && (!CheckSecret(sent, []string{sent}) || CheckSecret(sent+"x", []string{sent})) {
			t.Errorf("%q is not compared whole", sent)
		}
		if CheckSecret(sent, nil) || CheckSecret(sent, []string{""}) {
			t.Errorf("%q opens where no secret is set", sent)
		}
	})
}
