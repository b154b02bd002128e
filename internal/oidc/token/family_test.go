package token

import (
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

// A family's tokens say what they are, and nobody else can say it for them: every cut,
// flipped or longer text is not ours, whatever it says.
func TestThreat39OnlyOurTokensAreRead(t *testing.T) {
	t.Parallel()
	k := Families{Keys: []secret.Text{secret.New(), secret.New()}, Before: secret.Ring{secret.New(), secret.New()}}
	rapid.Check(t, func(t *rapid.T) {
		session, generation := login.NewID(), rapid.Int64Range(0, 1<<40).Draw(t, "generation")
		made := k.next(session, generation, secret.New()).Reveal()
		if id, g, ours := k.read(secret.Of(made)); !ours || id != session || g != generation {
			t.Fatalf("%s reads %s %d %t", made, id, g, ours)
		}
		at := rapid.IntRange(0, len(made)-1).Draw(t, "at")
		flipped := []byte(made)
		flipped[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "with"))
		parts := strings.Split(made, ".")
		older := strings.Join([]string{parts[0], parts[1], "0", parts[3], parts[4]}, ".")
		for _, wrong := range []string{string(flipped), made[:at], made + made[at:], "", ".", "....", rapid.String().Draw(t, "anything")} {
			if _, _, ours := k.read(secret.Of(wrong)); ours {
				t.Fatalf("%q is read as ours", wrong)
			}
		}
		if _, _, ours := k.read(secret.Of(older)); ours && generation != 0 {
			t.Fatalf("%q is read as ours", older)
		}
	})
}

// While a key is changed, each node reads what the other has made, and gives a lost
// answer again whichever of them gave it first.
func TestFamiliesOutliveTheirKeys(t *testing.T) {
	t.Parallel()
	old, fresh, before := secret.New(), secret.New(), secret.Ring{secret.New(), secret.New()}
	added, promoted := Families{[]secret.Text{old, fresh}, before}, Families{[]secret.Text{fresh, old}, before}
	s := login.Session{ID: login.NewID(), Generation: 7}
	presented := secret.New()
	for name, pair := range map[string][2]Families{
		"the one before it was added": {{[]secret.Text{old}, before}, added}, "added first": {added, promoted}, "promoted first": {promoted, added},
	} {
		made := pair[0].next(s.ID, s.Generation, presented)
		s.Refresh = made.Hash()
		if again, ok := pair[1].again(s, presented); !ok || !again.Equal(made) {
			t.Errorf("%s: the lost answer is another one", name)
		}
		if _, generation, ours := pair[1].read(made); !ours || generation != 7 {
			t.Errorf("%s: the token is not read", name)
		}
		if _, ok := pair[1].again(s, secret.New()); ok {
			t.Errorf("%s: another token has the same successor", name)
		}
	}
	// What an older version of the service has answered is given again, too.
	s.Refresh = before[1].Derive("rotated refresh token", s.ID, presented.Reveal()).Hash()
	if _, ok := added.again(s, presented); !ok {
		t.Error("the successor of an older version is not known")
	}
}
