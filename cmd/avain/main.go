// Command avain is the login service of a consumer payment app: it serves the login
// pages and the authorization server, and does what an operator needs around them.
//
// Exit codes: 0 done, 1 failed, 2 wrong use or wrong configuration, and then nothing was
// done. Results go to standard output, errors to standard error; docs/cli.md has the rules,
// which hold for all commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	_ "time/tzdata" // dates on pages need brand.time_zone, which small containers lack

	"avain/internal/config"

	"github.com/alecthomas/kong"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], systemTerminal())
	stop()
	os.Exit(code)
}

// commands is the whole command line; each command says how it runs in a file of its
// own.
type commands struct {
	JSON bool `name:"json" help:"Print the result as one JSON document, for programs."`

	Serve       serveCommand       `cmd:"" help:"Run the service."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database to the schema of this program."`
	CheckConfig checkConfigCommand `cmd:"" help:"Check the configuration and list every mistake."`
	Config      struct {
		Example configExampleCommand `cmd:"" help:"Print a complete, commented configuration file."`
	} `cmd:"" help:"Configuration file."`
	Keys struct {
		New       keysNewCommand       `cmd:"" help:"Make the keys that an installation needs, once."`
		Broker    keysBrokerCommand    `cmd:"" help:"Make our keys for one identification broker."`
		JWKS      keysJWKSCommand      `cmd:"" name:"jwks" help:"Print our public keys for a broker (Idura, Signicat), to upload there."`
		Statement keysStatementCommand `cmd:"" help:"Make our entity statement for a broker (OP, Telia), to hand over and keep."`
		Status    keysStatusCommand    `cmd:"" help:"Tell how every key stands, also when the service does not start."`
		Rotate    keysRotateCommand    `cmd:"" help:"Change a key, step by step, and lose nothing."`
		Accept    keysAcceptCommand    `cmd:"" help:"Go on with other keys than before, because those are lost or were replaced."`
		Revoke    keysRevokeCommand    `cmd:"" help:"End a key that signs our tokens, because it has leaked."`
	} `cmd:"" help:"Keys of the installation, of brokers, and those that sign our tokens."`
	Admin struct {
		People struct {
			Add    peopleAddCommand    `cmd:"" help:"Add people and their benefits."`
			Lock   peopleLockCommand   `cmd:"" help:"Lock a person out."`
			Unlock peopleUnlockCommand `cmd:"" help:"Let a locked person in again."`
			Export peopleExportCommand `cmd:"" help:"Print everything that there is about a person."`
			Erase  peopleEraseCommand  `cmd:"" help:"Delete everything about a person."`
		} `cmd:"" help:"The people who may log in."`
		Credentials struct {
			Add credentialsAddCommand `cmd:"" help:"Add user names and passwords."`
		} `cmd:"" help:"Smartum credentials: user names and passwords."`
		Jobs struct {
			List  jobsListCommand  `cmd:"" help:"Count what waits and what was given up."`
			Dead  jobsDeadCommand  `cmd:"" help:"List what was given up, and why."`
			Retry jobsRetryCommand `cmd:"" help:"Begin anew what was given up."`
		} `cmd:"" help:"Letters, messages and imports that are done beside the requests."`
		Methods struct {
			List methodsListCommand `cmd:"" help:"List login methods, banks, and what is switched off."`
			On   methodsOnCommand   `cmd:"" help:"Switch a login method or a bank on."`
			Off  methodsOffCommand  `cmd:"" help:"Switch a login method or a bank off."`
		} `cmd:"" help:"Login methods and banks, switched while the service runs."`
		Brokers struct {
			Test brokersTestCommand `cmd:"" help:"Try out a broker's configuration, and log in once to see what it answers."`
		} `cmd:"" help:"Identification brokers."`
		Notices struct {
			List     noticesListCommand     `cmd:"" help:"List what people are told."`
			Publish  noticesPublishCommand  `cmd:"" help:"Tell people something, and act for them."`
			Preview  noticesPreviewCommand  `cmd:"" help:"Tell who would see a notice."`
			Withdraw noticesWithdrawCommand `cmd:"" help:"End a notice now."`
		} `cmd:"" help:"Notices: news for the people concerned."`
		Mail struct {
			Test    mailTestCommand    `cmd:"" help:"Ask the mail server, or send a test letter."`
			Preview mailPreviewCommand `cmd:"" help:"Print a letter with made-up data."`
		} `cmd:"" help:"Letters to people."`
		Employers struct {
			Add    employersAddCommand    `cmd:"" help:"Add an employer."`
			List   employersListCommand   `cmd:"" help:"List employers."`
			Change employersChangeCommand `cmd:"" help:"Change an employer's name or language."`
		} `cmd:"" help:"Employers."`
		Persons struct {
			Add    personsAddCommand    `cmd:"" help:"Add a person to an employer."`
			List   personsListCommand   `cmd:"" help:"List an employer's people, or find one."`
			End    personsEndCommand    `cmd:"" help:"Say that a person has left the employer."`
			Resume personsResumeCommand `cmd:"" help:"Say that a person is back."`
		} `cmd:"" help:"An employer's people."`
		Invitations struct {
			Send   invitationsSendCommand   `cmd:"" help:"Send an invitation, or send it again."`
			List   invitationsListCommand   `cmd:"" help:"List a person's invitations and their mails."`
			Revoke invitationsRevokeCommand `cmd:"" help:"Make an invitation worthless."`
		} `cmd:"" help:"Invitations to activate."`
		Import importCommand `cmd:"" help:"Take in a file of an employer's people."`
		Keys   struct {
			Create apiKeysCreateCommand `cmd:"" help:"Make a key of the admin API."`
			List   apiKeysListCommand   `cmd:"" help:"List the keys of the admin API."`
			Rotate apiKeysRotateCommand `cmd:"" help:"Give a key another secret."`
			Revoke apiKeysRevokeCommand `cmd:"" help:"End a key."`
		} `cmd:"" help:"Keys of the admin API."`
		Staff struct {
			Invite  staffInviteCommand  `cmd:"" help:"Make a link with which somebody makes a passkey."`
			List    staffListCommand    `cmd:"" help:"List the staff."`
			Role    staffRoleCommand    `cmd:"" help:"Give somebody another role."`
			Disable staffDisableCommand `cmd:"" help:"Keep somebody out."`
			Enable  staffEnableCommand  `cmd:"" help:"Let somebody in again."`
		} `cmd:"" help:"Those who work in the support console."`
		Audit struct {
			Search auditSearchCommand `cmd:"" help:"Search the audit log."`
			Export auditExportCommand `cmd:"" help:"Print the audit log, one JSON object per line."`
			Verify auditVerifyCommand `cmd:"" help:"Prove that no entry was altered, removed or added."`
			Head   auditHeadCommand   `cmd:"" help:"Print the end of the log, to keep elsewhere."`
			Begin  auditBeginCommand  `cmd:"" help:"Begin the chain anew over what there is, after somebody has changed the database."`
		} `cmd:"" help:"The audit log: who did what, and when."`
	} `cmd:"" help:"What an operator does."`
	Explain    explainCommand    `cmd:"" help:"Tell what happened in a login, by its support code."`
	Completion completionCommand `cmd:"" help:"Print a script with which a shell completes commands."`
	Man        manCommand        `cmd:"" help:"Write the manual pages."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

const description = `Avain is the login service of a payment app whose users prove who they are with a Finnish online bank or Mobile Certificate.

First start: avain config example > avain.yaml; avain keys new keys; edit avain.yaml; avain check-config; avain migrate; avain serve.`

// run does what the arguments ask for and answers the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	line, helped := new(commands), false
	parser, err := newParser(line, t, func(int) { helped = true })
	if err != nil {
		return report(t, "avain", err)
	}
	command, err := parser.Parse(accustomed(args))
	switch {
	case helped:
		return 0
	case err != nil:
		return report(t, nearest(err), usageError{err})
	}
	t.json = line.JSON
	command.BindTo(ctx, (*context.Context)(nil))
	return report(t, command.Selected().FullPath(), command.Run(t, parser))
}

// newParser reads command lines.
func newParser(line *commands, t terminal, exit func(int)) (*kong.Kong, error) {
	return kong.New(line,
		kong.Name("avain"), kong.Description(description), kong.Writers(t.out, t.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(exit),
	)
}

// nearest is the command up to which a line could be read.
func nearest(err error) string {
	if parsing, ok := errors.AsType[*kong.ParseError](err); ok && parsing.Context.Selected() != nil {
		return parsing.Context.Selected().FullPath()
	}
	return "avain"
}

// accustomed is what people type who know other programs, in the words of this one.
func accustomed(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && (args[0] == "--version" || args[0] == "-v" || args[0] == "-V"):
		return []string{"version"}
	case len(args) > 2 && args[0] == "keys" && args[1] == "revoke":
		return dashed(args)
	}
	return args
}

// dashed marks a key's name that begins like a flag, as one in 64 does, as what it is: who
// ends a key that has leaked has no time for that.
func dashed(args []string) []string {
	at := slices.IndexFunc(args, func(arg string) bool { return len(arg) == thumbprintLength && arg[0] == '-' })
	if at < 0 || slices.Contains(args, "--") {
		return args
	}
	return slices.Concat(args[:at], args[at+1:], []string{"--", args[at]})
}

// thumbprintLength is that of a SHA-256 in base64url.
const thumbprintLength = 43

// usageError is the caller's mistake, not ours, and nothing has been done yet.
type usageError struct{ error }

// Unwrap gives the mistake to errors.Is and errors.As.
func (e usageError) Unwrap() error { return e.error }

// report prints an error and chooses the exit code. Near is the command whose help helps.
func report(t terminal, near string, err error) int {
	if err == nil {
		return 0
	}
	var problems config.Problems
	var usage usageError
	code := exitFailed
	switch {
	case errors.As(err, &problems):
		code = exitUsage
	case errors.As(err, &usage):
		code = exitUsage
		err = fmt.Errorf("%w\nTry: %s --help", err, near)
	}
	_, _ = fmt.Fprintf(t.err, "avain: %v\n", err) // standard error is gone: nobody to tell
	return code
}
