package reasons

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"text/template"

	"avain/internal/domain/login"
)

//go:embed texts/pages.*.json texts/agent.*.json
var files embed.FS

// Texts are the files with the words: texts/pages.{lang}.json are those of pages, as
// package web reads them.
func Texts() fs.FS { return files }

// Words are what there is to say about a reason in one language.
type Words struct {
	Title string `json:"title"` // what happened, on pages
	What  string `json:"what"`  // a sentence or two more
	Next  string `json:"next"`  // what the person can do
	Cause string `json:"cause"` // what is likely behind it, for the agent
	Reply string `json:"reply"` // a ready answer to the person, lines broken at \n
}

// Fill are the names that stand in the words. An empty one is left out of the sentence.
type Fill struct {
	App     string // as people read it
	Company string // that gives the benefits
	Version string // of the app, the oldest that can do everything
	Browser string // in which the login stopped
	Bank    string // or method, as people read it
	Web     bool   // the person was on our own pages, activating or signing in, and in no app
}

// Say gives the words of a reason in a language: fi, sv or en. What it reads is parsed
// when it is asked for the first time: pages never need the words of agents.
func Say(reason login.Reason, lang string, fill Fill) (Words, error) {
	load, ok := spoken[lang]
	if !ok {
		return Words{}, fmt.Errorf("catalogue: no words in the language %q", lang)
	}
	all, err := load()
	if err != nil {
		return Words{}, fmt.Errorf("catalogue: words in %s: %w", lang, err)
	}
	return all.words(Of(reason).Reason, fill)
}

// Languages lists the languages of the words, the source language first.
func Languages() []string { return []string{"fi", "sv", "en"} }

var spoken = map[string]func() (*language, error){
	"fi": sync.OnceValues(func() (*language, error) { return loadLanguage("fi") }),
	"sv": sync.OnceValues(func() (*language, error) { return loadLanguage("sv") }),
	"en": sync.OnceValues(func() (*language, error) { return loadLanguage("en") }),
}

// language holds the words of all reasons in one language. Their gaps are filled when
// they are said: few ever are, and texts are lighter than parsed templates.
type language struct {
	page  pageFile
	agent agentFile
}

// pageFile is texts/pages.{lang}.json.
type pageFile struct {
	Reason map[login.Reason]struct {
		Title string `json:"title"`
		What  string `json:"what"`
		Next  string `json:"next"`
	} `json:"reason"`
}

// agentFile is texts/agent.{lang}.json.
type agentFile struct {
	// Parts are what many replies share: "hello", "still" for whom that did not help, "bye",
	// and instructions step by step.
	Parts  map[string]string `json:"parts"`
	Reason map[login.Reason]struct {
		Cause string   `json:"cause"`
		Reply string   `json:"reply"`
		Steps []string `json:"steps"` // names of parts, the most likely fix first
		Final bool     `json:"final"` // there is nothing more that the person could try
	} `json:"reason"`
}

func loadLanguage(lang string) (*language, error) {
	var l language
	if err := readJSON("texts/pages."+lang+".json", &l.page); err != nil {
		return nil, err
	}
	if err := readJSON("texts/agent."+lang+".json", &l.agent); err != nil {
		return nil, err
	}
	return &l, nil
}

func readJSON(path string, into any) error {
	text, err := files.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// onWeb ends the name of a part that is for people on our own pages. What has none, such
// as the login link, is of no use there.
const onWeb = "_web"

func (l *language) words(reason login.Reason, fill Fill) (w Words, err error) {
	page, agent := l.page.Reason[reason], l.agent.Reason[reason]
	reply := []string{l.agent.Parts["hello"], agent.Reply}
	for _, step := range agent.Steps {
		if fill.Web {
			step += onWeb
		}
		if text, ok := l.agent.Parts[step]; ok {
			reply = append(reply, text)
		}
	}
	if !agent.Final {
		reply = append(reply, l.agent.Parts["still"])
	}
	reply = append(reply, l.agent.Parts["bye"])
	for _, text := range []struct {
		into *string
		says string
	}{
		{&w.Title, page.Title},
		{&w.What, page.What},
		{&w.Next, page.Next},
		{&w.Cause, agent.Cause},
		{&w.Reply, strings.Join(reply, "\n\n")},
	} {
		if *text.into, err = fill.in(text.says); err != nil {
			return Words{}, fmt.Errorf("%s: %w", reason, err)
		}
	}
	return w, nil
}

// in puts the names into a text.
func (f Fill) in(text string) (string, error) {
	t, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	web := ""
	if f.Web {
		web = "yes"
	}
	var b strings.Builder
	err = t.Execute(&b, map[string]string{
		"App": f.App, "Brand": f.App, "Company": f.Company, "Version": f.Version, "Browser": f.Browser, "Bank": f.Bank, "Web": web,
	})
	return b.String(), err
}
