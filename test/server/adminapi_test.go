package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/secret"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/loopback"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// ask is a request to the admin API. The key is the name of one of the world's.
type ask struct {
	method, path, body, kind, key string
	header                        map[string]string
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (a reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return v
}

// adminWorld is two employers with a person each, of whom the first is logged in, and
// keys of every kind.
type adminWorld struct {
	*rig
	http   *http.Client
	keys   map[string]secret.Text
	keyIDs map[string]string
	a, b   tenant
	doc    *openapi3.T
	router routers.Router
}

// tenant is everything of one employer that has an id.
type tenant struct{ employer, person, invited, invitation, session, imported, notice string }

func newAdminWorld(t *testing.T, changes ...func(*config.Config)) *adminWorld {
	t.Helper()
	w := &adminWorld{rig: newRig(t, changes...), http: loopback.Client(t), keys: map[string]secret.Text{}, keyIDs: map[string]string{}}
	w.login()
	aino, err := w.Inside.People.Identify(t.Context(), login.Identity{HETU: brokersim.People()[0].HETU})
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := w.Inside.Store.Sessions.SessionsOfPerson(t.Context(), aino.ID)
	if err != nil || len(sessions) == 0 {
		t.Fatal(err, len(sessions))
	}
	all := slices.DeleteFunc(operations.APIScopes(), func(s operations.APIScope) bool { return s == operations.ScopeSCIM })
	w.key("all", all)
	w.a, w.b = w.tenant("A", aino.ID), w.tenant("B", aino.ID)
	w.a.session, w.b.session = sessions[0].ID, sessions[0].ID
	some := slices.DeleteFunc(slices.Clone(all), func(s operations.APIScope) bool {
		return strings.HasPrefix(string(s), "sessions:") || strings.HasPrefix(string(s), "notices:")
	})
	w.key("a", some, w.a.employer)
	w.key("b", some, w.b.employer)
	n, err := w.Inside.Notices.Publish(t.Context(), "system", operations.Notice{
		Severity: operations.SeverityInfo, Words: map[string]operations.NoticeWords{"fi": {Title: "Otsikko", Text: "Teksti"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.a.notice, w.b.notice = n.ID, n.ID
	w.key("import", []operations.APIScope{operations.ScopeImport})
	w.key("read", []operations.APIScope{operations.ScopeEmployersRead})
	w.key("tired", all)
	if w.doc, err = openapi3.NewLoader().LoadFromFile("../../internal/admin/api/openapi.yaml"); err != nil {
		t.Fatal(err)
	}
	w.doc.Servers = openapi3.Servers{{URL: w.Admin}}
	if w.router, err = legacy.NewRouter(w.doc); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *adminWorld) key(name string, scopes []operations.APIScope, employers ...string) {
	w.Helper()
	k, shown, err := w.Inside.APIKeys.New(w.Context(), operations.APIKey{Name: name, Scopes: scopes, Employers: employers})
	if err != nil {
		w.Fatal(err)
	}
	w.keys[name], w.keyIDs[name] = shown, k.ID
}

func (w *adminWorld) tenant(name, person string) tenant {
	w.Helper()
	must := func(a reply, status int) string {
		w.Helper()
		if a.status != status {
			w.Fatalf("%d %s", a.status, a.body)
		}
		id, _ := a.json(w.T)["id"].(string)
		return id
	}
	var t tenant
	t.employer = must(w.ask(ask{method: "POST", path: "/v1/employers", body: `{"name":"` + name + ` Oy"}`, key: "all"}), http.StatusCreated)
	root := "/v1/employers/" + t.employer
	t.invited = must(w.ask(ask{
		method: "POST", path: root + "/persons", key: "all",
		body: `{"external_id":"1","email":"new@` + strings.ToLower(name) + `.example","benefits":[{"kind":"lunch","ends_on":"2030-12-31"}],"invite":true}`,
	}), http.StatusCreated)
	invitations, err := w.Inside.Store.Employments.InvitationsOf(w.Context(), t.invited)
	if err != nil || len(invitations) != 1 {
		w.Fatal(err, len(invitations))
	}
	t.invitation = invitations[0].ID
	t.person = login.NewID()
	err = w.Inside.Store.Employments.AddEmployment(w.Context(), employment.Employment{
		ID: t.person, Employer: t.employer, Person: person, Kind: employment.UserSmartumPlus, ExternalID: "2", UserName: "second", CreatedAt: time.Now(),
	})
	if err != nil {
		w.Fatal(err)
	}
	t.imported = must(w.ask(ask{method: "POST", path: root + "/imports", body: "external_id,email\n3,x@y.example\n4,nonsense\n", kind: "text/csv", key: "all"}), http.StatusAccepted)
	return t
}

// ask sends a request and reads the whole answer.
func (w *adminWorld) ask(a ask) reply {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), a.method, w.Admin+a.path, strings.NewReader(a.body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if a.kind != "" {
		r.Header.Set("Content-Type", a.kind)
	}
	if a.key != "" {
		r.Header.Set("Authorization", "Bearer "+w.keys[a.key].Reveal())
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	res, err := w.http.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	if w.router != nil {
		w.hold(a, r, res, body)
	}
	return reply{res.StatusCode, res.Header, body}
}

// hold holds an answer against the specification.
func (w *adminWorld) hold(a ask, r *http.Request, res *http.Response, body []byte) {
	w.Helper()
	if !strings.HasPrefix(a.path, "/v1/") {
		return
	}
	route, params, err := w.router.FindRoute(r)
	if err != nil {
		w.Fatalf("%s %s: %v", a.method, a.path, err)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 res.StatusCode, Header: res.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.Contains(res.Header.Get("Content-Type"), "json") || strings.Contains(res.Header.Get("Content-Type"), "ndjson")},
	}
	input.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(w.Context(), input); err != nil {
		w.Errorf("%s %s answers %d against the specification: %v\n%s", a.method, a.path, res.StatusCode, err, body)
	}
}

// fill puts a tenant's ids into the path of the specification.
func (t tenant) fill(path string) string {
	person := t.person
	if strings.Contains(path, "invitations") {
		person = t.invited
	}
	return strings.NewReplacer("{employer}", t.employer, "{person}", person, "{invitation}", t.invitation, "{session}", t.session,
		"{import}", t.imported, "{kind}", "lunch", "{notice}", t.notice).Replace(path)
}

// bodies of requests that are fine.
var goodBodies = map[string]string{
	"createEmployer": `{"name":"Uusi Oy","locale":"sv"}`,
	"updateEmployer": `{"name":"Toinen Oy"}`,
	"createPerson":   `{"external_id":"77","email":"a@b.example","hetu":"100190-999P","benefits":[{"kind":"lunch"}]}`,
	"updatePerson":   `{"given_name":"Áilu"}`,
	"putBenefit":     `{"starts_on":"2026-01-01","ends_on":"2026-12-31"}`,
	"createImport":   "external_id\n9\n",
	"createNotice":   goodNotice,
	"updateNotice":   goodNotice,
	"previewNotice":  goodNotice,
	"reportBounce":   bounceReport,
}

const goodNotice = `{"severity":"warning","words":{"fi":{"title":"Opera","text":"Teksti"},"en":{"title":"Opera"  ,"text":"Text"}},"until":"2199-01-01T00:00:00+02:00",
	"audience":{"platforms":["android"],"browsers":[{"family":"Opera","min":60}],"app":{"min":"1.9.0"}},"act":{"first":"link","off":["qr"]}}`

// mailDomain is that of the demo's sender, and so of our letters' ids.
const mailDomain = "smartumpay.example"

// bounceReport is what a mail server writes; ID is the invitation's.
const bounceReport = "To: <bounces@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n" +
	"Final-Recipient: rfc822; x@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" +
	"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <ID@DOMAIN>\r\n\r\n--b--\r\n"

// wrong are the cases of 400, 409 and 413: what is changed in a request that is fine.
var wrong = map[string]map[string]func(w *adminWorld, a *ask){
	"400": {
		"listEmployers":      func(_ *adminWorld, a *ask) { a.path += "?limit=x" },
		"createEmployer":     func(_ *adminWorld, a *ask) { a.body = `{"name":""}` },
		"updateEmployer":     func(_ *adminWorld, a *ask) { a.body = `{"locale":"de"}` },
		"listPersons":        func(_ *adminWorld, a *ask) { a.path += "?cursor=***" },
		"createPerson":       func(_ *adminWorld, a *ask) { a.body = `{"email":"nobody","locale":"fi"}` },
		"exportPersons":      func(_ *adminWorld, a *ask) { a.path += "?format=xml" },
		"updatePerson":       func(_ *adminWorld, a *ask) { a.body = `{"mail":"a@b.example"}` },
		"putBenefit":         func(_ *adminWorld, a *ask) { a.body = `{"ends_on":"31.12.2026"}` },
		"invitePerson":       func(_ *adminWorld, a *ask) { a.header = map[string]string{"Idempotency-Key": "short"} },
		"createImport":       func(_ *adminWorld, a *ask) { a.body = "name\nx\n" },
		"exportImportErrors": func(_ *adminWorld, a *ask) { a.path += "?format=xml" },
		"reportBounce":       func(_ *adminWorld, a *ask) { a.body = "Subject: hei\r\n\r\nhei" },
		"createNotice":       func(_ *adminWorld, a *ask) { a.body = `{"severity":"loud","words":{},"from":"tomorrow"}` },
		"updateNotice": func(_ *adminWorld, a *ask) {
			a.body = `{"severity":"info","words":{"fi":{"title":"` + strings.Repeat("a", 500) + `","text":"x"}}}`
		},
		"previewNotice": func(_ *adminWorld, a *ask) { a.body = `{"severity":"info","words":{"fi":{"title":"a","txt":"x"}}}` },
	},
	"409": {
		"createEmployer": func(w *adminWorld, a *ask) {
			a.header = map[string]string{"Idempotency-Key": "employer-409"}
			w.ask(*a)
			a.body = `{"name":"Another Oy"}`
		},
		"createPerson": func(_ *adminWorld, a *ask) { a.body = `{"external_id":"1"}` },
		"updatePerson": func(_ *adminWorld, a *ask) { a.body = `{"external_id":"1"}` },
		"createNotice": func(w *adminWorld, a *ask) {
			a.header = map[string]string{"Idempotency-Key": "notice-409"}
			w.ask(*a)
			a.body = strings.Replace(a.body, "Opera", "Firefox", 1)
		},
		"updateNotice": func(_ *adminWorld, a *ask) {
			a.body = strings.Replace(a.body, "{", `{"changed_at":"2020-01-01T00:00:00Z",`, 1)
		},
		"withdrawNotice": func(w *adminWorld, a *ask) {
			n, err := w.Inside.Notices.Publish(w.Context(), "system", operations.Notice{Severity: operations.SeverityInfo, Words: map[string]operations.NoticeWords{"fi": {Title: "x", Text: "x"}}})
			if err != nil {
				w.Fatal(err)
			}
			a.path = strings.Replace(a.path, w.a.notice, n.ID, 1)
			w.ask(*a)
		},
		"invitePerson": func(w *adminWorld, a *ask) { a.path = strings.Replace(a.path, w.a.invited, w.a.person, 1) },
	},
	"413": {
		"reportBounce": func(_ *adminWorld, a *ask) { a.body = strings.Repeat("x", 2<<20) },
		"createImport": func(_ *adminWorld, a *ask) {
			a.body = "external_id\n" + strings.Repeat(strings.Repeat("x,", 30_000)+"\n", 1200)
		},
	},
}

// Every operation answers every status that the specification gives it, and nothing
// else. A status without a case fails.
func TestAdminAPIFollowsItsSpecification(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	for _, path := range w.doc.Paths.InMatchingOrder() {
		item := w.doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op := item.Operations()[method]
			if op.OperationID == "getDocument" {
				continue
			}
			for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
				w.checkStatus(method, path, op.OperationID, status)
			}
		}
	}
	// What takes away comes last, one before all of them, so that the others have something.
	paths := slices.SortedFunc(maps.Keys(w.doc.Paths.Map()), func(a, b string) int { return len(b) - len(a) })
	for _, method := range []string{"GET", "PUT", "PATCH", "POST", "DELETE"} {
		for _, path := range paths {
			if op := w.doc.Paths.Value(path).GetOperation(method); op != nil && op.OperationID != "getDocument" {
				w.checkGood(method, path, op)
			}
		}
	}
}

func (w *adminWorld) good(method, path, id string) ask {
	a := ask{method: method, path: w.a.fill(path), body: goodBodies[id], key: "all"}
	switch id {
	case "createImport":
		a.kind = "text/csv"
	case "reportBounce":
		a.kind, a.body = "message/rfc822", strings.NewReplacer("ID@", w.a.invitation+"@", "DOMAIN", mailDomain).Replace(a.body)
	}
	return a
}

func (w *adminWorld) checkStatus(method, path, id, status string) {
	w.Helper()
	a := w.good(method, path, id)
	switch status {
	case "200", "201", "202", "204":
		return // checkGood
	case "401":
		a.key = ""
	case "403":
		a.key = "read"
		if strings.HasSuffix(id, "Employers") || id == "getEmployer" {
			a.key = "import"
		}
	case "404":
		a.key = "a"
		switch {
		case id == "reportBounce":
			a.key, a.body = "all", strings.Replace(a.body, w.a.invitation, login.NewID(), 1)
		case strings.Contains(id, "Notice"):
			a.key, a.path = "all", strings.Replace(a.path, w.a.notice, login.NewID(), 1)
		case strings.Contains(id, "Session"):
			a.key, a.path = "all", strings.Replace(a.path, w.a.employer, w.b.employer, 1)
		default:
			a.path = w.b.fill(path)
		}
	case "429":
		w.checkTired(a)
		return
	default:
		change, ok := wrong[status][id]
		if !ok && status == "400" { // what every operation refuses
			change, ok = func(_ *adminWorld, a *ask) { a.path += "?nonsense=1" }, true
		}
		if !ok {
			w.Errorf("%s: no case for %s", id, status)
			return
		}
		change(w, &a)
	}
	answer := w.ask(a)
	if fmt.Sprint(answer.status) != status {
		w.Errorf("%s: %d, want %s: %s", id, answer.status, status, answer.body)
		return
	}
	problem := answer.json(w.T)
	if errs, _ := problem["errors"].([]any); status == "400" && len(errs) == 0 {
		w.Errorf("%s: the problem names no field: %s", id, answer.body)
	}
}

// checkTired sends a request of a key that has used up what it may ask.
func (w *adminWorld) checkTired(a ask) {
	w.Helper()
	a.key = "tired"
	a.path = strings.NewReplacer(w.a.employer, login.NewID(), w.a.notice, login.NewID()).Replace(a.path) // when it is not refused, nothing happens
	if (a.path == "/v1/employers" || strings.HasPrefix(a.path, "/v1/notices")) && a.method == "POST" {
		a.body = "{"
	}
	for range 200 {
		for {
			if ok, _ := w.Inside.APIKeys.Limit.Allow(w.keyIDs["tired"]); !ok {
				break
			}
		}
		if answer := w.ask(a); answer.status == http.StatusTooManyRequests {
			if answer.header.Get("Retry-After") == "" {
				w.Errorf("%s %s: 429 without Retry-After", a.method, a.path)
			}
			return
		}
	}
	w.Errorf("%s %s is never refused", a.method, a.path)
}

func (w *adminWorld) checkGood(method, path string, op *openapi3.Operation) {
	w.Helper()
	answer := w.ask(w.good(method, path, op.OperationID))
	if _, documented := op.Responses.Map()[fmt.Sprint(answer.status)]; !documented || answer.status >= 300 {
		w.Errorf("%s: %d %s", op.OperationID, answer.status, answer.body)
	}
	if bytes.Contains(answer.body, []byte("100190")) {
		w.Errorf("%s repeats an identity code", op.OperationID)
	}
}

// Swapping every id across employers never shows or changes anything: the answer is the
// one for what is not there.
func TestThreat25EmployersSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	mine := map[string][2]string{
		"{employer}": {w.a.employer, w.b.employer}, "{person}": {w.a.invited, w.b.invited}, "{invitation}": {w.a.invitation, w.b.invitation},
		"{import}": {w.a.imported, w.b.imported}, "{session}": {w.a.session, w.b.session},
	}
	w.noJobs() // a letter that leaves meanwhile is a change too
	before := w.snapshot()
	tried := 0
	for path, item := range w.doc.Paths.Map() {
		var ids []string
		for id := range mine {
			if strings.Contains(path, id) {
				ids = append(ids, id)
			}
		}
		for method, op := range item.Operations() {
			for mask := 1; mask < 1<<len(ids); mask++ { // every choice of foreign ids, at least one
				filled := strings.ReplaceAll(path, "{kind}", "lunch")
				for i, id := range ids {
					filled = strings.ReplaceAll(filled, id, mine[id][mask>>i&1])
				}
				a := ask{method: method, path: filled, body: goodBodies[op.OperationID], key: "a"}
				if op.OperationID == "createImport" {
					a.kind = "text/csv"
				}
				want := []int{http.StatusNotFound}
				if strings.Contains(path, "sessions") {
					want = append(want, http.StatusForbidden) // no employer's key has the scope
				}
				if answer := w.ask(a); !slices.Contains(want, answer.status) {
					t.Errorf("%s %s with foreign ids: %d %s", method, path, answer.status, answer.body)
				}
				tried++
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d swaps were tried: the test is blind", tried)
	}
	if after := w.snapshot(); after != before {
		t.Errorf("foreign requests changed something:\n%s\n%s", before, after)
	}
	list := w.ask(ask{method: "GET", path: "/v1/employers", key: "a"}).json(t)
	if employers, _ := list["employers"].([]any); len(employers) != 1 {
		t.Errorf("a limited key lists %d employers", len(employers))
	}
	if made := w.ask(ask{method: "POST", path: "/v1/employers", body: goodBodies["createEmployer"], key: "a"}); made.status != http.StatusForbidden {
		t.Errorf("a limited key adds an employer: %d", made.status)
	}
}

// snapshot is what employer B has.
func (w *adminWorld) snapshot() string {
	w.Helper()
	root := "/v1/employers/" + w.b.employer
	var all strings.Builder
	for _, path := range []string{root, root + "/export", root + "/persons/" + w.b.invited + "/invitations"} {
		_, _ = all.Write(w.ask(ask{method: "GET", path: path, key: "b"}).body)
	}
	return all.String()
}

// A request that is sent again does nothing twice, and is answered the same.
func TestAdminRequestsMayBeSentAgain(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	a := ask{
		method: "POST", path: "/v1/employers/" + w.a.employer + "/persons", body: `{"email":"again@a.example","invite":true}`, key: "a",
		header: map[string]string{"Idempotency-Key": "12345678"},
	}
	first := w.ask(a)
	for range 3 {
		if again := w.ask(a); again.status != http.StatusCreated || !bytes.Equal(again.body, first.body) {
			t.Errorf("%d %s, first %s", again.status, again.body, first.body)
		}
	}
	found := w.ask(ask{method: "GET", path: a.path + "?email=AGAIN@a.example", key: "a"}).json(t)
	if persons, _ := found["persons"].([]any); len(persons) != 1 {
		t.Errorf("%d persons", len(persons))
	}
	other := a
	other.body = `{"email":"other@a.example"}`
	if answer := w.ask(other); answer.status != http.StatusConflict {
		t.Errorf("another body: %d", answer.status)
	}
	other = a
	other.key = "all" // another key's value is another one
	if answer := w.ask(other); answer.status != http.StatusCreated || bytes.Equal(answer.body, first.body) {
		t.Errorf("another key: %d %s", answer.status, answer.body)
	}
}

// Of many who send an invitation again at once each is told of the same one, and one letter
// leaves; later it is a wish of its own.
func TestInvitationsPressedTwice(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	path := "/v1/employers/" + w.a.employer + "/persons/" + w.a.invited + "/invitations"
	w.letter("new@a.example", 1)
	w.clock.pass(employment.PressedTwice)
	answers := make([]reply, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = w.ask(ask{method: "POST", path: path, key: "a"}) })
	}
	all.Wait()
	for _, a := range answers {
		if a.status != http.StatusCreated || a.json(t)["id"] != answers[0].json(t)["id"] {
			t.Errorf("%d %s; another was told %s", a.status, a.body, answers[0].body)
		}
	}
	w.noJobs()
	if got := len(w.Mailbox.Mails("new@a.example")); got != 2 {
		t.Errorf("%d letters, want the first and one more", got)
	}
	w.clock.pass(employment.PressedTwice)
	if later := w.ask(ask{method: "POST", path: path, key: "a"}); later.json(t)["id"] == answers[0].json(t)["id"] {
		t.Error("a minute later no other was sent")
	}
}

// Not even what no route of ours answers is left to a browser's guess.
func TestThreat23AdminListenerIsNeverSniffed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, path := range []string{"/v1/..", "/scim/v2//x", "/console/.", "/metrics", "/healthz", "/nowhere", "/v1/nowhere", "/static/nowhere"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.Admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, _, header := r.do(request)
		if header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, status, header)
		}
	}
}

// What the specification forbids the service refuses, and names.
func TestAdminAPIRefusesWhatItsSpecificationDoes(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	root := "/v1/employers/" + w.a.employer
	for name, c := range map[string]struct {
		ask  ask
		says string
	}{
		"a person of nothing":    {ask{method: "POST", path: root + "/persons", body: `{}`}, "external_id, user_name, email or hetu is needed"},
		"a person of a name":     {ask{method: "POST", path: root + "/persons", body: `{"given_name":"Aino"}`}, "external_id, user_name, email or hetu is needed"},
		"a person of empty text": {ask{method: "POST", path: root + "/persons", body: `{"external_id":"","email":""}`}, "external_id, user_name, email or hetu is needed"},
		"null as a person":       {ask{method: "POST", path: root + "/persons", body: `null`}, "the body must be one JSON object"},
		"a list as a person":     {ask{method: "POST", path: root + "/persons", body: `[]`}, ""},
		"null as a change":       {ask{method: "PATCH", path: root + "/persons/" + w.a.invited, body: `null`}, "the body must be one JSON object"},
		"null as an address":     {ask{method: "PATCH", path: root + "/persons/" + w.a.invited, body: `{"email":null}`}, "email"},
		"a page of none":         {ask{method: "GET", path: root + "/persons?limit=0"}, "must be from 1 to 200"},
		"employers, none":        {ask{method: "GET", path: "/v1/employers?limit=0"}, "must be from 1 to 200"},
		"a page of too many":     {ask{method: "GET", path: root + "/persons?limit=201"}, "must be from 1 to 200"},
		"a misspelt condition":   {ask{method: "GET", path: root + "/persons?mail=a@b.example"}, `"is no query parameter of this operation; it takes cursor, limit, email, external_id, user_name","field":"mail"}`},
		"a misspelt invite":      {ask{method: "POST", path: root + "/imports?Invite=true", body: "external_id\n9\n", kind: "text/csv"}, `"field":"Invite"}`},
		"a condition twice":      {ask{method: "GET", path: root + "/persons?email=a@b.example&email="}, `"must be there once","field":"email"}`},
		"a query that is none":   {ask{method: "GET", path: root + "/persons?email=%zz"}, `"field":"query"}`},
		"a condition too long":   {ask{method: "GET", path: root + "/persons?user_name=" + strings.Repeat("ä", 201)}, `"at most 200 characters","field":"user_name"}`},
		"a kind too long":        {ask{method: "DELETE", path: root + "/persons/" + w.a.invited + "/benefits/" + strings.Repeat("x", 41)}, `"field":"kind"}`},
		"a language of none":     {ask{method: "PATCH", path: root, body: `{"locale":""}`}, "must be fi, sv or en"},
		"a new one's language":   {ask{method: "POST", path: "/v1/employers", body: `{"name":"Uusi Oy","locale":""}`}, "must be fi, sv or en"},
		"a kind of none":         {ask{method: "POST", path: root + "/persons", body: `{"external_id":"88","kind":""}`}, "must be smartumplus or smartum"},
		"a form of none":         {ask{method: "GET", path: root + "/export?format="}, "must be ndjson or csv"},
		"no Idempotency-Key":     {ask{method: "POST", path: "/v1/employers", body: goodBodies["createEmployer"], header: map[string]string{"Idempotency-Key": ""}}, `"field":"Idempotency-Key"}`},
		"a query of a change":    {ask{method: "PATCH", path: root + "/persons/" + w.a.invited + "?dry_run=1", body: `{"email":"x@example.com"}`}, "it takes none"},
		"a page of less":         {ask{method: "GET", path: root + "/persons?limit=-1"}, "must be from 1 to 200"},
	} {
		c.ask.key = "all"
		if got := w.ask(c.ask); got.status != http.StatusBadRequest || !strings.Contains(string(got.body), c.says) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for _, path := range []string{root + "/persons?limit=1", root + "/persons?", root + "/persons?email=&user_name="} {
		if got := w.ask(ask{method: "GET", path: path, key: "all"}); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := w.ask(ask{method: "GET", path: root + "/persons?limit=1", key: "all"}); got.status != http.StatusOK {
		t.Errorf("a page of one: %d %s", got.status, got.body)
	}
}
