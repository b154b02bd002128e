package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"avain/internal/admin/api"
	"avain/internal/admin/scim"
	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/console"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/platform/apikey"
	"avain/internal/platform/jobs"
	"avain/internal/platform/mail"
	"avain/internal/platform/store"
	"avain/internal/platform/web"
)

const (
	// adminTime bounds one request of the admin API: a file of people may take a while to
	// come, and a list of them to go.
	adminTime = 15 * time.Minute
)

// HETUMode is the most lenient mode of the configured brokers: whoever can come through
// one of them can be added.
func HETUMode(c config.Config) hetu.Mode {
	mode := hetu.Production
	for _, b := range c.Brokers {
		switch b.HETU {
		case broker.HETULenient:
			mode = hetu.Lenient
		case broker.HETUArtificial:
			mode = max(mode, hetu.Artificial)
		case broker.HETUProduction:
		}
	}
	return mode
}

// adminAPI adds the admin API and SCIM to the operator's listener, and makes what the
// command line shares with them.
func (s *Service) adminAPI(c config.Config, d Deps, m mechanisms, operator http.Handler) http.Handler {
	kinds := make([]api.Kind, 0, len(c.Benefits))
	rules := provisioning.Rules{HETU: HETUMode(c), Zone: m.zone}
	for _, b := range c.Benefits {
		kinds, rules.Kinds = append(kinds, api.Kind(b)), append(rules.Kinds, b.Kind)
	}
	s.APIKeys = &apikey.Keys{
		Store: s.Store.Operations, Employers: s.Store.Employments, Now: d.Now, Log: d.Log,
		Limit: web.NewLimiter(web.Limit{Burst: 200, Each: 10 * time.Millisecond}, maxLimited, d.Now),
		Wrong: web.NewLimiter(web.Limit{Burst: 60, Each: time.Second}, maxLimited, d.Now),
	}
	s.Importer = &provisioning.Importer{Store: s.Store.Employments, People: s.People, Rules: rules, Audit: s.Audit, Now: d.Now, Rows: provisioning.MaxRows, Wake: s.Jobs.Wake}
	s.Jobs.Handle(provisioning.JobChunk, s.Importer.Work, jobs.Options{Workers: 1})
	m.metrics.JobKinds(provisioning.JobChunk)

	kit := m.kit.With(provisioning.MaxBytes, adminTime)
	mux := http.NewServeMux()
	api.New(api.Deps{
		Employers: s.Store.Employments, Employments: s.Store.Employments, Invitations: s.Store.Employments,
		Sessions: s.Store.Sessions, Imports: s.Store.Employments, Answers: s.Store.Operations,
		People: s.People, Importer: s.Importer, Notices: s.Notices, Rules: rules, Keys: s.APIKeys, Audit: s.Audit, Web: kit,
		Now: d.Now, Kinds: kinds, Locale: c.Brand.Languages[0], Wake: s.Jobs.Wake, Bounced: s.bounced(),
		List: func(ctx context.Context, employer string, f api.Filter, limit int) ([]employment.Employment, error) {
			return s.Store.Employments.Employments(ctx, employer, store.EmploymentFilter(f), limit)
		},
	}).Mount(mux)
	scim.New(scim.Deps{
		Store: s.Store.Employments, People: s.People, Rules: rules, Keys: s.APIKeys, Audit: s.Audit, Web: kit, Now: d.Now, Base: c.Admin.BaseURL,
		Walks: web.NewLimiter(web.Limit{Burst: 30, Each: time.Second}, maxLimited, d.Now),
		List: func(ctx context.Context, employer string, l scim.Lookup, limit int) ([]employment.Employment, error) {
			return s.Store.Employments.Users(ctx, employer, store.EmploymentFilter{UserName: l.UserName, Email: l.Email, ExternalID: l.ExternalID, After: l.After}, limit)
		},
	}).Mount(mux)

	api, all := m.tracing.Middleware(kit.Middleware(mux)), http.NewServeMux()
	all.Handle("/", operator)
	all.Handle("/v1/", api)
	all.Handle(scim.Root, api)
	all.Handle(scim.Root+"/", api)
	support := m.tracing.Middleware(s.Console.Handler())
	all.Handle(console.Root, support)
	all.Handle("/static/", support)
	return nosniff(all)
}

// nosniff covers what no middleware of ours sees: the redirects of the mux itself, and
// the answers of the metrics' library.
func nosniff(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

// bounced takes reports of letters that came back; nil without a mail server.
func (s *Service) bounced() func(ctx context.Context, actor string, report io.Reader) error {
	if s.mailer == nil || s.Mails == nil {
		return nil
	}
	return func(ctx context.Context, actor string, report io.Reader) error {
		err := s.Bounced(ctx, actor, report)
		if errors.Is(err, mail.ErrNoBounce) {
			return fault.FieldErrors{{Detail: "must be a report of an undelivered letter of ours (RFC 3464)"}}
		}
		return err
	}
}
