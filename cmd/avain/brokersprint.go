package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"avain/internal/broker"
)

// printChecks writes what was looked at without a person, in the order of a login.
func printChecks(out io.Writer, r broker.SetupReport) error {
	var b strings.Builder
	kind := "test environment"
	if r.Production {
		kind = "production"
	}
	fmt.Fprintf(&b, "Broker %s (preset %s, %s)\n\n", r.Broker, orNone(string(r.Preset)), kind)
	findings(&b, r.Findings)
	if q := r.Request; q != nil {
		b.WriteString("\nWhat a login would send\n")
		fmt.Fprintf(&b, "  to      %s\n", printable(q.Address))
		fmt.Fprintf(&b, "  header  %s\n", oneJSON(q.Header))
		for _, name := range slices.Sorted(maps.Keys(q.Claims)) {
			fmt.Fprintf(&b, "  %-22s %s\n", printable(name), oneJSON(q.Claims[name]))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// printAnswer writes what came of the login, if there was one, and at the end the lines
// that would mend what failed.
func printAnswer(out io.Writer, r broker.SetupReport) error {
	var b strings.Builder
	if r.Answer != nil {
		answer(&b, *r.Answer)
	}
	if text := r.MendYAML(); text != "" {
		fmt.Fprintf(&b, "\nWhat would mend it, in the configuration of %s\n", r.Broker)
		for line := range strings.Lines(text) {
			b.WriteString("  " + printable(strings.TrimSuffix(line, "\n")) + "\n")
		}
		for _, remedy := range r.Mend {
			if remedy.If != "" {
				fmt.Fprintf(&b, "  %s: only if %s\n", remedy.Setting, remedy.If)
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func findings(b *strings.Builder, all []broker.Finding) {
	for _, f := range all {
		text := f.About
		if f.Text != "" {
			text += ": " + f.Text
		}
		fmt.Fprintf(b, "  %-6s  %s\n", f.Verdict, printable(text))
		if f.Word != "" {
			fmt.Fprintf(b, "          word: %s\n", printable(f.Word))
		}
		if f.Do != "" {
			fmt.Fprintf(b, "          do: %s\n", printable(f.Do))
		}
	}
}

func answer(b *strings.Builder, a broker.Answer) {
	b.WriteString("\nWhat came back\n")
	findings(b, a.Returned)
	if a.Outer != nil {
		fmt.Fprintf(b, "  header of the encryption  %s\n", oneJSON(a.Outer))
	}
	if a.Inner != nil {
		fmt.Fprintf(b, "  header of the signature   %s\n", oneJSON(a.Inner))
	}
	if len(a.Claims) > 0 {
		if a.Verified {
			b.WriteString("\nClaims\n")
		} else {
			b.WriteString("\nClaims, NOT verified: anybody could have written them\n")
		}
		for _, claim := range a.Claims {
			fmt.Fprintf(b, "  %-34s %s\n", printable(claim.Name), printable(claim.Value))
		}
	}
	if len(a.Checks) > 0 {
		b.WriteString("\nChecks\n")
		findings(b, a.Checks)
	}
	if r := a.Recorded; r != nil {
		at := "-"
		if !r.AuthTime.IsZero() {
			at = r.AuthTime.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(b, "\nWould be recorded\n  means %s · level %s · authenticated %s · method %s\n",
			printable(r.Means), printable(orNone(r.Level)), at, printable(orNone(r.AMR)))
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func oneJSON(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return printable(string(raw))
}
