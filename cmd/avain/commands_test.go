package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"avain/internal/app"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/secret"
	lo "avain/internal/testkit/loopback"
	"avain/internal/testkit/patience"

	"github.com/alecthomas/kong"
	"github.com/emersion/go-smtp"
)

// commandCase is how a command works and fails. Words in braces stand for values of the
// installation, or for what earlier commands gave.
type commandCase struct {
	command string
	args    string // that work
	takes   string // a value of the JSON document that later commands need: name=member, or name=0.member of a list
	fails   string // args that are right and fail all the same; else args fail where there is no database
	broken  bool   // it fails only when nobody takes its output
	stdin   string
	stream  bool // a log: one JSON value after another
}

// everyCommand has every command of the binary, in an order in which they work.
func everyCommand() []commandCase {
	return []commandCase{
		{command: "version", broken: true},
		{command: "config example", broken: true},
		{command: "completion", args: "fish", broken: true},
		{command: "man", args: "{dir}/man", fails: "{config}"},
		{command: "keys new", args: "{dir}/other", fails: "{dir}/other"},
		{command: "keys broker", args: "{dir}/other telia", fails: "{dir}/other telia"},
		{command: "keys statement", args: "telia {dir}/ours.jwt", fails: "telia {dir}/ours.jwt"},
		{command: "keys jwks", args: "telia", broken: true},
		{command: "check-config", broken: true},
		{command: "migrate", fails: "--status -c {nowhere}"},
		{command: "serve", stream: true},
		{command: "keys status"},
		{command: "keys rotate", args: "prf"},
		{command: "keys accept", args: "--replaced"},
		{command: "admin keys create", args: "hr --scopes persons:read", takes: "key=id"},
		{command: "admin keys list"},
		{command: "admin keys rotate", args: "{key}"},
		{command: "admin keys revoke", args: "{key}", fails: "nobody"},
		{command: "keys revoke", args: "{kid}", fails: "nobody"},
		{command: "admin people add", args: "{dir}/people.ndjson"},
		{command: "admin people lock", args: "{code}", fails: "K7Q-4TN"},
		{command: "admin people unlock", args: "{code}", fails: "K7Q-4TN"},
		{command: "explain", args: "{code}", fails: "K7Q-4TN"},
		{command: "admin people export", args: "{code}", fails: "K7Q-4TN"},
		{command: "admin people erase", args: "{code} --why request --yes", fails: "AAAAAAAAAAAAAAAAAAAAAA --why request --yes"},
		{command: "admin credentials add", args: "{dir}/credentials.ndjson"},
		{command: "admin employers add", args: "Esimerkki", takes: "employer=id"},
		{command: "admin employers list"},
		{command: "admin employers change", args: "{employer} --locale sv", fails: "nobody --locale sv"},
		{command: "admin persons add", args: "{employer} --email aino@example.com --external-id 1", takes: "person=id", fails: "{employer} --external-id 1"},
		{command: "admin persons list", args: "{employer}", fails: "nobody"},
		{command: "admin invitations send", args: "{employer} {person}", fails: "{employer} nobody"},
		{command: "admin invitations list", args: "{employer} {person}", takes: "invitation=0.id", fails: "{employer} nobody"},
		{command: "admin invitations revoke", args: "{employer} {person} {invitation}", fails: "{employer} {person} nobody"},
		{command: "admin persons end", args: "{employer} {person}", fails: "{employer} nobody"},
		{command: "admin persons resume", args: "{employer} {person}", fails: "{employer} nobody"},
		{command: "admin import", args: "{employer} {dir}/roster.csv", fails: "{employer} {dir}/bad.csv"},
		{command: "admin jobs list"},
		{command: "admin jobs dead"},
		{command: "admin jobs retry", args: "--kind invitation", fails: "AAAAAAAAAAAAAAAAAAAAAA"},
		{command: "admin methods list"},
		{command: "admin methods off", args: "link"},
		{command: "admin methods on", args: "link"},
		{command: "admin brokers test", args: "telia", fails: "idura -c {lonely}"},
		{command: "admin notices preview", args: "--title-fi Huolto --text-fi Huomenna"},
		{command: "admin notices publish", args: "--title-fi Huolto --text-fi Huomenna", takes: "notice=0.id"},
		{command: "admin notices list"},
		{command: "admin notices withdraw", args: "{notice}", fails: "nobody"},
		{command: "admin mail test", fails: "-c {lonely}"},
		{command: "admin mail preview", args: "test", broken: true},
		{command: "admin staff invite", args: "--name Sanna --role operator", takes: "staff=id", fails: "--again nobody"},
		{command: "admin staff list"},
		{command: "admin staff role", args: "{staff} operator", fails: "nobody lead"},
		{command: "admin staff enable", args: "{staff}", fails: "nobody"},
		{command: "admin staff disable", args: "{staff}", fails: "nobody"},
		{command: "admin audit search"},
		{command: "admin audit export"},
		{command: "admin audit head"},
		{command: "admin audit verify", fails: "--head 1:" + strings.Repeat("f", 64)},
		{command: "admin audit begin", args: "--anew"},
	}
}

// TestEveryCommandBehavesAlike holds every command of the binary to what docs/cli.md
// promises: help that is complete, JSON and nothing else for programs, and the exit codes.
func TestEveryCommandBehavesAlike(t *testing.T) {
	t.Parallel()
	w := newEveryWorld(t)
	all := everyCommand()
	for _, node := range leaves(t) {
		if !slices.ContainsFunc(all, func(c commandCase) bool { return "avain "+c.command == node.FullPath() }) {
			t.Errorf("%s: a new command? add it to everyCommand", node.FullPath())
		}
		w.help(node)
		w.wrongUse(node)
	}
	for _, c := range all {
		if !slices.ContainsFunc(leaves(t), func(n *kong.Node) bool { return "avain "+c.command == n.FullPath() }) {
			t.Errorf("there is no command avain %s", c.command)
		}
		w.works(c)
		w.fails(c)
	}
}

// leaves are the commands, from the grammar itself.
func leaves(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := newParser(new(commands), terminal{out: io.Discard, err: io.Discard}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Leaves(false)
}

// everyWorld is an installation beside a simulated broker and a mail server.
type everyWorld struct {
	*testing.T
	values map[string]string
}

func newEveryWorld(t *testing.T) everyWorld {
	t.Helper()
	b := newBrokerInstallation(t, "https://login.example.com")
	dir := filepath.Dir(b.file)
	text := must(os.ReadFile(b.file)) // #nosec G304 -- of this test
	const common = "\nadmin: {listen: '127.0.0.1:0'}\ndatabase: {path: '@DB@'}\nmail: {host: localhost, port: '@PORT@', tls: none, from: noreply@example.com}\n"
	const nobody = `
  - id: idura
    preset: idura
    production: false
    issuer: http://127.0.0.1:1
    client_id: client-1
    our_keys: {signing: [{file: keys/telia-signing.pem}], decryption: [{file: keys/telia-decryption.pem}]}
    means: [{id: metsa, name: Metsäpankki}]
`
	whole := strings.Replace(string(text), `public: {`, `public: {listen: "127.0.0.1:0", drain_delay: 0s, `, 1) + common
	files := map[string]string{
		"avain.yaml":   strings.NewReplacer("@DB@", "avain.db", "'@PORT@'", strconv.Itoa(mailServer(t))).Replace(whole),
		"nowhere.yaml": strings.NewReplacer("@DB@", "nowhere.db", "'@PORT@'", "1").Replace(whole),
		"lonely.yaml":  strings.NewReplacer("@DB@", "avain.db", "'@PORT@'", "1").Replace(strings.Replace(whole, common, nobody+common, 1)),

		"people.ndjson":      `{"hetu":"010190-900P","name":"Maija Meikäläinen"}`,
		"credentials.ndjson": `{"user_name":"liisa","password":"hevonen paristo niitti"}`,
		"roster.csv":         "external_id;email\n7;eino@example.com\n",
		"bad.csv":            "external_id;email\n8;nonsense\n",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return everyWorld{t, map[string]string{
		"dir": dir, "config": filepath.Join(dir, "avain.yaml"), "nowhere": filepath.Join(dir, "nowhere.yaml"), "lonely": filepath.Join(dir, "lonely.yaml"),
	}}
}

// mailServer takes every letter, and answers its port.
func mailServer(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return letterBox{}, nil }))
	server.Domain = "localhost"
	running := lo.ServeSMTP(server, listener, nil)
	t.Cleanup(func() {
		ctx, cancel := patience.Within(context.Background())
		defer cancel()
		if err := running.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().(*net.TCPAddr).Port
}

type letterBox struct{}

func (letterBox) Mail(string, *smtp.MailOptions) error { return nil }
func (letterBox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (letterBox) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (letterBox) Reset()                               {}
func (letterBox) Logout() error                        { return nil }

// run runs a command line of words that are parted by blanks.
func (w everyWorld) run(line, stdin string, out io.Writer) (code int, stderr string) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	var errs buffer
	if strings.HasPrefix(line, "serve") {
		out = stopAtServing{out, cancel}
	}
	for name, value := range w.values {
		line = strings.ReplaceAll(line, "{"+name+"}", value)
	}
	code = run(ctx, strings.Fields(line), terminal{in: strings.NewReader(stdin), out: out, err: &errs})
	return code, errs.String()
}

// stopAtServing stops the service when it says that it serves.
type stopAtServing struct {
	io.Writer
	stop func()
}

func (s stopAtServing) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"msg":"serving"`)) {
		s.stop()
	}
	return s.Writer.Write(p)
}

// line is the command line, with the configuration unless it names one, or needs none.
func (w everyWorld) line(command, args, file string) string {
	for _, node := range leaves(w.T) {
		takes := func(f *kong.Flag) bool { return f.Name == "config" }
		if node.FullPath() == "avain "+command && slices.ContainsFunc(node.Flags, takes) && !strings.Contains(args, "-c ") {
			args = "-c " + file + " " + args
		}
	}
	return command + " " + args
}

func (w everyWorld) works(c commandCase) {
	w.Helper()
	line := w.line(c.command, c.args, "{config}") + " --json"
	var out buffer
	code, stderr := w.run(line, c.stdin, &out)
	if code != 0 {
		w.Errorf("avain %s: exit code %d\n%s%s", line, code, &out, stderr)
		return
	}
	decoder := json.NewDecoder(strings.NewReader(out.String()))
	var document any
	values := 0
	for {
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.Errorf("avain %s: not JSON: %v\n%s", line, err, &out)
			return
		}
		values++
	}
	if values != 1 && (!c.stream || values == 0) {
		w.Errorf("avain %s: %d documents, want one\n%s", line, values, &out)
	}
	if c.takes != "" {
		name, member, _ := strings.Cut(c.takes, "=")
		if rest, listed := strings.CutPrefix(member, "0."); listed {
			document, member = document.([]any)[0], rest
		}
		w.values[name] = document.(map[string]any)[member].(string)
	}
	if c.command == "migrate" {
		w.populate()
	}
}

// populate adds what no command can: a login of somebody, and a key that signs.
func (w everyWorld) populate() {
	w.Helper()
	loaded, err := configFlag{w.values["config"]}.load(terminal{})
	if err != nil {
		w.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s, err := app.New(w.Context(), loaded, app.Deps{Log: log})
	if err != nil {
		w.Fatal(err)
	}
	code := must(hetu.Parse("010190-900P", hetu.Artificial))
	person, _, err := s.People.Add(w.Context(), code, login.Person{Name: "Maija", Locale: "fi"})
	if err != nil {
		w.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	a := login.Attempt{
		ID: login.NewID(), SupportCode: "K7Q-4TM", Method: login.MethodDirect, State: login.StateConfirmed, Client: "smartumpay", Person: person.ID,
		CreatedAt: now.Add(-time.Hour), UpdatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-50 * time.Minute),
	}
	keys, err := s.Store.Keys.SigningKeys(w.Context())
	err = errors.Join(err, s.Store.Attempts.StartAttempt(w.Context(), a, login.AttemptSecrets{RequestURI: secret.New().Hash(), AuthSession: secret.New().Hash()}), s.Close())
	if err != nil || len(keys) == 0 {
		w.Fatal(err, len(keys))
	}
	w.values["code"], w.values["kid"] = a.SupportCode, keys[0].KID
}

// errOutput is a standard output that nobody reads any more.
var errOutput = errors.New("nobody reads")

type closedOutput struct{}

func (closedOutput) Write([]byte) (int, error) { return 0, errOutput }

// fails checks that what was right and failed is told by exit code 1 and on standard error.
// A document on standard output is allowed (a report of what was found), half a one is not.
func (w everyWorld) fails(c commandCase) {
	w.Helper()
	args, file := c.fails, "{config}"
	var out buffer
	var to io.Writer = &out
	switch {
	case c.broken:
		args, to = c.args, closedOutput{}
	case args == "":
		args, file = c.args, "{nowhere}"
	}
	line := w.line(c.command, args, file) + " --json"
	code, stderr := w.run(line, c.stdin, to)
	if code != exitFailed || !strings.Contains(stderr, "avain: ") {
		w.Errorf("avain %s: exit code %d, want %d\n%s%s", line, code, exitFailed, &out, stderr)
	}
	if strings.Contains(stderr, "Try: ") {
		w.Errorf("avain %s: blames the command line:\n%s", line, stderr)
	}
	if text := out.String(); text != "" && !json.Valid([]byte(text)) {
		w.Errorf("avain %s: not JSON:\n%s", line, text)
	}
}

// wrongUse checks that a slip is told in one line, with the way on, and by exit code 2.
func (w everyWorld) wrongUse(node *kong.Node) {
	w.Helper()
	command := strings.TrimPrefix(node.FullPath(), "avain ")
	var out buffer
	code, stderr := w.run(command+" --nonsense", "", &out)
	if want := "avain: unknown flag --nonsense\nTry: avain " + command + " --help\n"; code != exitUsage || out.String() != "" || stderr != want {
		w.Errorf("avain %s --nonsense: exit code %d, want %d\n%s%swant\n%s", command, code, exitUsage, &out, stderr, want)
	}
}

// help checks that a command explains itself: what it does, an example, each argument and
// each flag.
func (w everyWorld) help(node *kong.Node) {
	w.Helper()
	command := strings.TrimPrefix(node.FullPath(), "avain ")
	var out buffer
	code, stderr := w.run(command+" --help", "", &out)
	if code != 0 || stderr != "" {
		w.Errorf("avain %s --help: exit code %d\n%s", command, code, stderr)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"Usage: avain " + command, node.Help, "avain " + command} {
		if !strings.Contains(text, want) {
			w.Errorf("avain %s --help does not say %q", command, want)
		}
	}
	if !strings.Contains(node.Detail, "  avain "+command) {
		w.Errorf("avain %s --help has no example", command)
	}
	for _, p := range node.Positional {
		if p.Help == "" || !strings.Contains(text, "<"+p.Name+">") {
			w.Errorf("avain %s --help says nothing of <%s>", command, p.Name)
		}
	}
	for _, flags := range node.AllFlags(true) {
		for _, f := range flags {
			if f.Help == "" || !strings.Contains(text, "--"+f.Name) {
				w.Errorf("avain %s --help says nothing of --%s", command, f.Name)
			}
		}
	}
	if !strings.Contains(text, "--json") {
		w.Errorf("avain %s has no --json", command)
	}
}
