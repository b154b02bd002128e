package main

import (
	"bytes"
	"testing"
	"time"

	"avain/internal/login"
)

func TestExplainPrintsTheTimeline(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := login.Attempt{
		ID: "canary-id", SupportCode: "K7Q-4TM", Method: login.MethodDirect, Client: "smartumpay", State: login.StateFailed,
		Reason: login.ReasonBrokerDown, Means: "metsa", Broker: "telia", Person: "canary-person", Key: "canary-key", CreatedAt: start,
		Device:  login.Device{Platform: "android", Model: "X\x1b[31m1", AppVersion: "1.16.0", Name: "canary-name"},
		Request: login.Request{State: "canary-state"},
		Timeline: []login.Event{
			{At: start, Step: "start", Outcome: "ok"},
			{At: start.Add(1500 * time.Millisecond), Step: "choose", Outcome: "failed", Reason: login.ReasonBrokerDown, Detail: "http_503", Means: "metsa", Broker: "telia", Browser: "Opera 76 on Android"},
		},
	}
	const want = `code       K7Q-4TM
login      direct of smartumpay
state      failed, broker_down
means      metsa, telia
device     android, X[31m1, 1.16.0
started    2026-11-22 12:00:00

12:00:00.000  start     ok
12:00:01.500  choose    failed   broker_down, http_503, metsa, telia, Opera 76 on Android
`
	var out bytes.Buffer
	if err := printAttempt(&out, a); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}
