package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/platform/keyset"
)

// brokerKeeps is for how long a broker may keep what we have published.
const brokerKeeps = 24 * time.Hour

// brokerChangeables are our keys for each broker.
func brokerChangeables(c config.Config) (all []changeable) {
	for i, b := range c.Brokers {
		keeps, o := max(brokerKeeps, b.OurKeys.SignedJWKSTTL), b.OurKeys
		setting := func(what string) string { return fmt.Sprintf("brokers[%d].our_keys.%s", i, what) }
		upload := func(at string) func(string) string {
			return func(step string) string {
				if step != at || o.Entity != nil {
					return "" // the broker fetches our keys by itself
				}
				return "; where the broker has our keys by upload, upload them first: avain keys jwks " + b.ID
			}
		}
		if len(o.Signing) > 0 {
			all = append(all, changeable{
				name: b.ID + "/signing", setting: setting("signing"), path: o.Signing[0].File, change: broker.ChangeKeys,
				before: keeps, after: keeps, also: upload(StepAdded),
			})
		}
		if len(o.Decryption) > 0 {
			all = append(all, changeable{
				name: b.ID + "/decryption", setting: setting("decryption"), path: o.Decryption[0].File, change: broker.ChangeKeys,
				after: keeps, also: upload(StepUsed),
			})
		}
		if o.Entity != nil {
			all = append(all, entityChangeable(b, setting("entity"), keeps))
		}
	}
	return all
}

// entityChangeable is our entity key, which the broker knows by a statement that is handed
// over. The statement's file decides which key signs, so that changing it is one step.
func entityChangeable(b broker.Config, setting string, keeps time.Duration) changeable {
	o := b.OurKeys
	next := o.StatementFile + ".next"
	return changeable{
		name: b.ID + "/entity", setting: setting, path: o.Entity.File, change: broker.ChangeKeys, after: keeps, beside: o.StatementFile,
		ready: func() error {
			if o.StatementFile == "" {
				return fmt.Errorf("%s: the broker knows this key by a statement: make it (avain keys statement %s FILE), name it under our_keys.statement_file and hand it over, and change the key afterwards", setting, b.ID)
			}
			return nil
		},
		prepare: func(r *rotation) error {
			if made, err := os.ReadFile(next); err == nil && broker.SignedBy(made, r.text) { //nolint:gosec // G304: beside what the configuration names
				return nil
			}
			statement, err := broker.NextStatement(b, broker.Deps{CallbackURL: callbackURLs(r.c)}, r.text)
			if err != nil {
				return err
			}
			like, err := os.Stat(o.StatementFile)
			if err != nil {
				return err
			}
			return writeLike(next, statement, like)
		},
		using: func(_ context.Context, r *rotation, how RotateHow) (goOn bool, err error) {
			if !how.HandedOver {
				return false, nil
			}
			statement, err1 := os.ReadFile(next) //nolint:gosec // G304: beside what the configuration names
			current, err2 := os.ReadFile(o.StatementFile)
			switch {
			case err2 == nil && broker.SignedBy(current, r.text):
				return true, nil // interrupted just after this
			case errors.Join(err1, err2) != nil:
				return false, errors.Join(err1, err2)
			case !broker.SignedBy(statement, r.text):
				return false, fmt.Errorf("%s is not signed by the new key", next)
			}
			if err := backUp(o.StatementFile, o.StatementFile+".old"); err != nil {
				return false, err
			}
			if err := replaceFile(o.StatementFile, bytes.TrimSpace(statement)); err != nil {
				return false, err
			}
			return true, r.reached("after the statement")
		},
		also: func(step string) string {
			if step != StepAdded {
				return ""
			}
			return fmt.Sprintf("; hand %s over to the broker first, by the way that you agreed, and say --handed-over when it has taken it: its logins fail from then until the next step is done", next)
		},
	}
}

func callbackURLs(c config.Config) func(string) string {
	return func(id string) string { return c.Public.BaseURL + "/callback/" + id }
}

// brokerHoldings are the names of our keys for brokers, as a node tells them. A file of
// another kind, which this command does not change, has none.
func brokerHoldings(c config.Config) map[string]keyset.Holding {
	all := map[string]keyset.Holding{}
	for _, one := range brokerChangeables(c) {
		if text, err := os.ReadFile(one.path); err == nil {
			if h, err := one.change.Holds(text); err == nil {
				all[one.name] = h
			}
		}
	}
	return all
}
