package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"

	"avain/internal/core/notices"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"

	"github.com/goccy/go-yaml"
)

// noticeFlags say what a notice is.
type noticeFlags struct {
	File string `short:"f" placeholder:"PATH" help:"YAML or JSON with everything; - reads standard input."`

	Severity string `placeholder:"WORD" help:"info, warning or problem; info when left out."`
	TitleFI  string `name:"title-fi" placeholder:"TEXT" help:"Title in Finnish, one line."`
	TextFI   string `name:"text-fi" placeholder:"TEXT" help:"Text in Finnish; lines may break."`
	TitleSV  string `name:"title-sv" placeholder:"TEXT" help:"Title in Swedish."`
	TextSV   string `name:"text-sv" placeholder:"TEXT" help:"Text in Swedish."`
	TitleEN  string `name:"title-en" placeholder:"TEXT" help:"Title in English."`
	TextEN   string `name:"text-en" placeholder:"TEXT" help:"Text in English."`
	From     string `placeholder:"TIME" help:"Such as 2026-05-31T18:00:00+03:00; now when left out."`
	Until    string `placeholder:"TIME" help:"Until it is withdrawn when left out."`

	Platform []string       `placeholder:"NAME" help:"Only for android, ios, huawei or web."`
	Browser  []string       `sep:"none" placeholder:"NAME" help:"Only for this browser: Opera, 'Opera 60-', 'Opera -70', 'Opera 60-70'. May be repeated."`
	AppMin   string         `name:"app-min" placeholder:"VERSION" help:"Only for this version of the app and newer ones."`
	AppMax   string         `name:"app-max" placeholder:"VERSION" help:"Only for this version of the app and older ones."`
	Method   []login.Method `placeholder:"NAME" help:"Only for who uses direct, link, qr or credentials."`
	Means    []string       `placeholder:"ID" help:"Only for who uses these banks or Mobile Certificate."`

	Off   []login.Method `placeholder:"NAME" help:"Switches these methods off for those concerned."`
	First login.Method   `placeholder:"NAME" help:"Puts this method first for those concerned."`
}

// notice reads the flags, or the file.
func (f noticeFlags) notice(t terminal) (operations.Notice, error) {
	draft, err := f.draft(t)
	if err != nil {
		return operations.Notice{}, err
	}
	n, err := draft.Notice()
	return n, inWords(err)
}

func (f noticeFlags) draft(t terminal) (d notices.Draft, err error) {
	if f.File != "" {
		if !reflect.DeepEqual(f, noticeFlags{File: f.File}) {
			return d, usageError{errors.New("--file says everything; leave the other flags out")}
		}
		return readDraft(t, f.File)
	}
	d = notices.Draft{
		Severity: operations.Severity(f.Severity), From: f.From, Until: f.Until, Words: map[string]operations.NoticeWords{},
		Audience: operations.Audience{Platforms: f.Platform, App: operations.VersionRange{Min: f.AppMin, Max: f.AppMax}, Methods: f.Method, Means: f.Means},
		Act:      operations.Act{Off: f.Off, First: f.First},
	}
	if d.Severity == "" {
		d.Severity = operations.SeverityInfo
	}
	for lang, words := range map[string]operations.NoticeWords{"fi": {Title: f.TitleFI, Text: f.TextFI}, "sv": {Title: f.TitleSV, Text: f.TextSV}, "en": {Title: f.TitleEN, Text: f.TextEN}} {
		if words != (operations.NoticeWords{}) {
			d.Words[lang] = words
		}
	}
	for _, s := range f.Browser {
		r, err := browserRange(s)
		if err != nil {
			return d, err
		}
		d.Audience.Browsers = append(d.Audience.Browsers, r)
	}
	return d, nil
}

// maxDraft bounds a file with a notice, in bytes.
const maxDraft = 64 << 10

func readDraft(t terminal, path string) (d notices.Draft, err error) {
	in, done, err := openInput(path, t)
	if err != nil {
		return d, err
	}
	defer done()
	text, err := io.ReadAll(io.LimitReader(in, maxDraft+1))
	if err != nil {
		return d, err
	}
	if len(text) > maxDraft {
		return d, usageError{fmt.Errorf("%s is larger than %d bytes", path, maxDraft)}
	}
	asJSON, err := yaml.YAMLToJSON(text) // JSON is YAML
	if err != nil {
		return d, usageError{fmt.Errorf("%s is neither YAML nor JSON: %w", path, err)}
	}
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.DisallowUnknownFields() // a condition that is misspelt must not be dropped: everybody would be concerned
	if err := decoder.Decode(&d); err != nil {
		return d, usageError{fmt.Errorf("%s: %w", path, err)}
	}
	return d, nil
}

var rangePattern = regexp.MustCompile(`^(.*?)(?: (\d{0,4})(-?)(\d{0,4}))?$`)

// browserRange reads "Opera", "Opera 60-", "Opera -70", "Opera 60-70" and "Opera 60".
func browserRange(s string) (r operations.BrowserRange, err error) {
	found := rangePattern.FindStringSubmatch(s)
	if len(found) == 0 || found[1] == "" {
		return r, usageError{errors.New("--browser must be a name and perhaps versions, such as 'Opera 60-70'")}
	}
	r = operations.BrowserRange{Family: found[1], Min: number(found[2]), Max: number(found[4])}
	if found[3] == "" && found[4] == "" {
		r.Max = r.Min
	}
	return r, nil
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0 // no end
	}
	return n
}
