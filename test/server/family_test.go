package server_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
	"avain/internal/testkit/robot"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	tink "github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// onBothDatabases runs a test once per database.
func onBothDatabases(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newRig(t, withDPoPClients()))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		var c config.Config
		test(t, newRig(t, withDPoPClients(), onPostgres(t, &c)))
	})
}

// generations logs in and refreshes n times: the first token, and those that followed.
func (s *dpopClient) generations(n int) []string {
	s.Helper()
	tokens := []string{s.redeem(s.code(nil)).Refresh}
	for range n {
		s.clock.pass(time.Minute)
		next := s.refresh(tokens[len(tokens)-1])
		if next.status != http.StatusOK {
			s.Fatalf("generation %d: %+v", len(tokens), next)
		}
		tokens = append(tokens, next.Refresh)
	}
	return tokens
}

// A thief who has rotated a stolen token more than once is found out as soon as its owner
// comes with the old one; and every generation, up to the fifth, is known for an old one.
func TestThreat39OldGenerationsEndTheFamily(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, r *rig) {
		s := r.dpopClient(login.AuthSecretBasic)
		for old := range 5 {
			tokens := s.generations(5)
			newest := s.refresh(tokens[5])
			s.mustBe("the newest", newest, http.StatusOK, "Bearer")
			s.clock.pass(time.Minute)
			s.mustBe("an old generation", s.refresh(tokens[old]), http.StatusBadRequest, "session_ended")
			for _, token := range append(tokens, newest.Refresh) {
				s.mustBe("its family", s.refresh(token), http.StatusBadRequest, "session_ended")
			}
		}
		entries, err := storetest.ReadAudit(t.Context(), r.Inside.Store, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		reuses := 0
		for _, e := range entries {
			if e.Action == "refresh.reuse" {
				reuses++
			}
		}
		if reuses != 5 {
			t.Errorf("%d reuses in the audit log, want 5", reuses)
		}
	})
}

// Anything that we have not made, or that another client brings, ends nothing: whoever
// knows a session's id can log nobody out.
func TestThreat39MadeUpTokensHaveNoEffect(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, r *rig) {
		s := r.dpopClient(login.AuthSecretBasic)
		tokens := s.generations(3)
		parts := strings.Split(tokens[3], ".")
		for name, token := range map[string]string{
			"an id alone":             parts[1],
			"an older generation":     strings.Join([]string{parts[0], parts[1], "0", parts[3], parts[4]}, "."),
			"another secret":          strings.Join([]string{parts[0], parts[1], parts[2], secret.New().Reveal(), parts[4]}, "."),
			"another MAC":             strings.Join([]string{parts[0], parts[1], "0", parts[3], secret.New().Reveal()}, "."),
			"the MAC of an older one": strings.Join([]string{parts[0], parts[1], parts[2], parts[3], strings.Split(tokens[0], ".")[4]}, "."),
			"an old one, cut":         tokens[0][:len(tokens[0])-1],
			"an old one, longer":      tokens[0] + "A",
			"another session's":       strings.Replace(tokens[0], parts[1], login.NewID(), 1),
			"nothing of ours":         "avr1....",
		} {
			s.mustBe(name, s.refresh(token), http.StatusBadRequest, "session_ended")
		}
		other := r.dpopClient(login.AuthNone)
		other.mustBe("another client", other.refresh(tokens[0]), http.StatusBadRequest, "session_ended")
		s.mustBe("the owner", s.refresh(tokens[3]), http.StatusOK, "Bearer")

		// The retry of a lost answer goes on working, for the newest exchange and for 30 s.
		next := s.refresh(tokens[3])
		if again := s.refresh(tokens[3]); again.Refresh != next.Refresh || again.status != http.StatusOK {
			t.Errorf("the retry: %+v", again)
		}
		s.clock.pass(31 * time.Second)
		s.mustBe("after 30 s", s.refresh(tokens[3]), http.StatusBadRequest, "session_ended")
	})
}

// Tokens of the format before families go on working, and become members of one.
func TestOldRefreshTokensJoinAFamily(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, r *rig) {
		s := r.dpopClient(login.AuthSecretBasic)
		granted := secret.Of(s.generations(0)[0])
		session, err := r.Inside.Store.Sessions.SessionByRefresh(t.Context(), granted.Hash())
		if err != nil {
			t.Fatal(err)
		}
		old := secret.New() // as they were
		if _, err := r.Inside.Store.Sessions.RotateRefresh(t.Context(), session.ID, granted.Hash(), old.Hash(), s.clock.now(), s.clock.now()); err != nil {
			t.Fatal(err)
		}
		first := s.refresh(old.Reveal())
		s.mustBe("the old token", first, http.StatusOK, "Bearer")
		if again := s.refresh(old.Reveal()); again.Refresh != first.Refresh {
			t.Errorf("its retry: %+v", again)
		}
		second := s.refresh(first.Refresh)
		third := s.refresh(second.Refresh)
		s.mustBe("its grandchild", third, http.StatusOK, "Bearer")
		s.mustBe("an old member", s.refresh(first.Refresh), http.StatusBadRequest, "session_ended")
		s.mustBe("the newest after that", s.refresh(third.Refresh), http.StatusBadRequest, "session_ended")
	})
}

// A change of prf.json, as the manual describes it, keeps what the old key has made: the
// tokens, the retry of a lost answer across nodes, and the proof that an old one is ours.
func TestThreat39FamiliesOutliveAChangeOfKeys(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, withDPoPClients(), onPostgres(t, &c))
	s := r.dpopClient(login.AuthSecretBasic)
	tokens := s.generations(2)

	changed := c
	changed.Keys.PRFKeyset = secret.Of(string(withNewKey(t, []byte(c.Keys.PRFKeyset.Reveal()))))
	after := *s
	rig := *s.rig
	rig.browser = robot.NewBrowser(node(t, r, changed), "")
	after.rig = &rig
	next := after.refresh(tokens[2])
	after.mustBe("the old key's token", next, http.StatusOK, "Bearer")
	if again := after.refresh(tokens[2]); again.Refresh != next.Refresh {
		t.Errorf("the retry: %+v", again)
	}
	newest := after.refresh(next.Refresh)
	after.mustBe("the new key's token", newest, http.StatusOK, "Bearer")
	after.mustBe("a thief's old token", after.refresh(tokens[0]), http.StatusBadRequest, "session_ended")
	after.mustBe("the newest", after.refresh(newest.Refresh), http.StatusBadRequest, "session_ended")
}

// withNewKey adds a key to a PRF keyset and makes it the primary one, as tinkey does.
func withNewKey(t *testing.T, file []byte) []byte {
	t.Helper()
	handle, err := insecurecleartextkeyset.Read(tink.NewJSONReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	manager := tink.NewManagerFromHandle(handle)
	id, err := manager.Add(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	if handle, err = manager.Handle(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, tink.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
