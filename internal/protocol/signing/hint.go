package signing

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A client that has kept its ID token for months brings it as the id_token_hint when the
// person logs out (OpenID Connect RP-Initiated Logout §2: the OP should accept it after
// it has expired). So of a removed key the public part is kept, outside the JWK set, as
// long as a session can live that it has named. Only what was removed in its time is
// kept: of a key that has leaked nothing is (see RevokeSigningKey of package store).

// retire removes the keys whose time is over.
func (s *Signer) retire(ctx context.Context, keys *keySet) error {
	now := s.config.Now()
	var over []operations.HintKey
	for i, k := range keys.keys {
		if !s.over(k, keys.keys[i+1:], now) {
			continue
		}
		hint := operations.HintKey{KID: k.row.KID, Alg: k.row.Alg, ForgetAt: now.Add(s.config.HintLife)}
		if err := sealHint(&hint, k.public, s.config.AEAD); err != nil {
			return err
		}
		over = append(over, hint)
	}
	if len(over) == 0 {
		return nil
	}
	if err := s.config.Store.RetireSigningKeys(ctx, over, now); err != nil {
		return fmt.Errorf("signer: remove keys: %w", err)
	}
	_, err := s.read(ctx)
	return err
}

func sealHint(k *operations.HintKey, public jose.JSONWebKey, aead tink.AEAD) error {
	plain, err := public.MarshalJSON()
	if err != nil {
		return fmt.Errorf("signer: encode public key: %w", err)
	}
	if k.Sealed, err = aead.Encrypt(plain, hintBinding(*k)); err != nil {
		return fmt.Errorf("signer: seal hint key: %w", err)
	}
	return nil
}

// hintKey is the public part of a removed key. One that does not open was planted by
// somebody who can write to the database, or sealed with a keyset that is gone: it is as
// unknown as one that is not there.
func (s *Signer) hintKey(ctx context.Context, kid string) (public jose.JSONWebKey, err error) {
	k, err := s.config.Store.HintKey(ctx, kid)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return public, refuse(ErrKeyGone.Error(), ErrKeyGone)
	case err != nil:
		return public, fault.New(fault.Internal, login.ReasonInternal, err)
	case !s.config.Now().Before(k.ForgetAt):
		return public, refuse(ErrKeyGone.Error(), ErrKeyGone)
	}
	plain, err := s.config.AEAD.Decrypt(k.Sealed, hintBinding(k))
	if err == nil {
		err = public.UnmarshalJSON(plain)
	}
	if err != nil {
		return public, refuse(ErrKeyGone.Error(), ErrKeyGone)
	}
	return public, nil
}

// hintBinding is the associated data of the seal.
func hintBinding(k operations.HintKey) []byte {
	return fmt.Appendf(nil, "avain hint key\n%s\n%s\n%d", k.KID, k.Alg, k.ForgetAt.UnixMilli())
}
