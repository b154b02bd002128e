package catalogue

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"text/template"

	"avain/internal/login"
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

// language holds the words of all reasons in one language, as templates.
type language struct {
	texts *template.Template
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
	var pages pageFile
	all := language{texts: template.New(lang).Option("missingkey=error")}
	if err := readJSON("texts/pages."+lang+".json", &pages); err != nil {
		return nil, err
	}
	if err := readJSON("texts/agent."+lang+".json", &all.agent); err != nil {
		return nil, err
	}
	for name, text := range all.agent.Parts {
		if err := all.add("part."+name, text); err != nil {
			return nil, err
		}
	}
	for _, e := range entries {
		page, agent := pages.Reason[e.Reason], all.agent.Reason[e.Reason]
		for name, text := range map[string]string{
			"title": page.Title, "what": page.What, "next": page.Next, "cause": agent.Cause, "reply": agent.Reply,
		} {
			if err := all.add(string(e.Reason)+"."+name, text); err != nil {
				return nil, err
			}
		}
	}
	return &all, nil
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

func (l *language) add(name, text string) error {
	_, err := l.texts.New(name).Parse(text)
	return err
}

func (l *language) words(reason login.Reason, fill Fill) (w Words, err error) {
	names := map[string]string{
		"App": fill.App, "Brand": fill.App, "Company": fill.Company,
		"Version": fill.Version, "Browser": fill.Browser, "Bank": fill.Bank,
	}
	say := func(name string) (text string) {
		if err != nil {
			return ""
		}
		var b strings.Builder
		if err = l.texts.ExecuteTemplate(&b, name, names); err != nil {
			return ""
		}
		return strings.TrimSpace(b.String())
	}
	key := string(reason)
	w = Words{Title: say(key + ".title"), What: say(key + ".what"), Next: say(key + ".next"), Cause: say(key + ".cause")}
	reply := []string{say("part.hello"), say(key + ".reply")}
	for _, step := range l.agent.Reason[reason].Steps {
		reply = append(reply, say("part."+step))
	}
	if !l.agent.Reason[reason].Final {
		reply = append(reply, say("part.still"))
	}
	w.Reply = strings.Join(append(reply, say("part.bye")), "\n\n")
	return w, err
}
