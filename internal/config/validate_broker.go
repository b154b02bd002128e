package config

import (
	"net/url"
	"strings"

	"avain/internal/broker"
	"avain/internal/domain/login"
)

// brokers completes each broker from its preset and lets package broker check it;
// what only shows when all are seen together is checked here.
func (v validator) brokers(c *Config) {
	if len(c.Brokers) == 0 {
		v.add("brokers", "missing; describe at least one identification broker")
	}
	ids := map[string]int{}
	for i := range c.Brokers {
		path := at("brokers", i)
		if first, taken := ids[c.Brokers[i].ID]; taken {
			v.add(path+".id", "is the id of brokers[%d] too", first)
		} else {
			ids[c.Brokers[i].ID] = i
		}
		v.broker(path, &c.Brokers[i])
	}
	v.production(c)
	v.means(c.Brokers)
}

// production sees that nobody comes in as a test person where real people log in, and no
// real person where it is not safe. A service that the internet reaches says of each broker
// which it is: a line that was forgotten must not let test levels and artificial identity
// codes in.
func (v validator) production(c *Config) {
	address, err := url.Parse(c.Public.BaseURL)
	reached := err == nil && address.Scheme == "https" && !loopback(address.Hostname())
	var genuine, tests []int
	for i, b := range c.Brokers {
		path := at("brokers", i) + ".production"
		if b.Production {
			genuine = append(genuine, i)
			if !strings.HasPrefix(c.Public.BaseURL, "https://") {
				v.add(path, "needs public.base_url with https: real people's identities come over it")
			}
			continue
		}
		tests = append(tests, i)
		switch {
		case reached && !v.written(path):
			v.add(path, "missing; write true when real people come through this broker, and false when this service is for test people")
		case reached:
			v.warn(path, "lets test people in; nobody's real account may be here")
		}
	}
	if len(genuine) > 0 && len(tests) > 0 {
		v.add(at("brokers", tests[0])+".production", "must be true, as that of brokers[%d]: test people and real ones must not meet in one service", genuine[0])
	}
}

func (v validator) broker(path string, b *broker.Config) {
	complete, err := b.WithPreset()
	if err != nil {
		v.add(path+".preset", "must be op, telia, idura, signicat or ingroupe, or left out")
		return
	}
	*b = complete
	for _, problem := range complete.Validate(path) {
		v.add(problem.Path, "%s", problem.Text)
	}
}

// means sees to it that one bank is one bank: a means that several brokers serve is
// shown once, so they must agree on what it is.
func (v validator) means(brokers []broker.Config) {
	type first struct {
		broker.Means
		path string
	}
	seen := map[string]first{}
	for i, b := range brokers {
		for j, m := range b.Means {
			path := at(at("brokers", i)+".means", j)
			known, ok := seen[m.ID]
			if !ok {
				seen[m.ID] = first{m, path}
				continue
			}
			if kind(known.Means) != kind(m) {
				v.add(path+".kind", "differs from %s.kind: one id is one means", known.path)
			}
			if known.Name != m.Name {
				v.add(path+".name", "differs from %s.name: one id is one means", known.path)
			}
		}
	}
}

func kind(m broker.Means) login.MeansKind {
	if m.Kind == "" {
		return login.MeansBank
	}
	return login.MeansKind(m.Kind)
}
