package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	// triesPerNetwork stays within what one network may try at once.
	triesPerNetwork = 50

	// elsewhere is the part of the hashes that come from another system, and cost more.
	elsewhere = 0.3

	signInPath = "/me/password"
	forgotPath = "/password/forgot"
)

// measureNames asks whether the clock tells which user names exist (threat 45): as many
// wrong passwords, and orders of letters, for people as for nobody, one after the other
// in random order. The figure is the area under the ROC curve: 0.5 tells nothing, 1 all.
func measureNames(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.addCredentials(ctx); err != nil {
		return nil, err
	}
	if err := r.stop(); err != nil { // a start reads what the stored hashes cost
		return nil, err
	}
	if _, err := r.start(ctx); err != nil {
		return nil, err
	}
	n := &names{rig: r, random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // an order, no secret
	var figures []figure
	for _, kind := range []struct {
		name, path string
		form       url.Values
	}{
		{"names_password_auc", signInPath, url.Values{"password": {"not the right one, whoever it is"}}},
		{"names_letter_auc", forgotPath, url.Values{}},
	} {
		progress("names: %d times %s", r.options.Tries, kind.path)
		known, unknown, err := n.try(ctx, kind.path, kind.form)
		if err != nil {
			return nil, err
		}
		figures = append(figures, of(kind.name, "", []float64{auc(known, unknown)}).against(below(0.55)))
	}
	return figures, nil
}

// addCredentials makes people with user names, as a file from elsewhere brings them.
func (r *rig) addCredentials(ctx context.Context) error {
	var file strings.Builder
	usual, costly := phc(19456, 2), phc(65536, 4)
	for i := range r.options.Tries / 2 {
		hash := usual
		if float64(i%10) < elsewhere*10 {
			hash = costly
		}
		line, err := json.Marshal(map[string]string{"user_name": person(i), "name": fmt.Sprintf("Kim %d", i), "email": person(i) + "@example.com", "password_hash": hash})
		if err != nil {
			return err
		}
		file.Write(append(line, '\n'))
	}
	if err := os.WriteFile(filepath.Join(r.folder, "credentials.ndjson"), []byte(file.String()), 0o600); err != nil {
		return err
	}
	_, err := r.output(ctx, "admin", "credentials", "add", "credentials.ndjson")
	return err
}

func person(i int) string { return fmt.Sprintf("person%05d", i) }
func nobody(i int) string { return fmt.Sprintf("nobody%05d", i) }

// phc is a hash of a password that nobody tries (PHC string format).
func phc(kib, passes uint32) string {
	salt := []byte("salt of the bench")[:16]
	sum := argon2.IDKey([]byte("the right one"), salt, passes, kib, 1, 32)
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", kib, passes, text(salt), text(sum))
}

// names tries user names, from ever new networks.
type names struct {
	*rig
	random  *rand.Rand
	network int // of the last client
}

// try returns how long the answers took, in milliseconds.
func (n *names) try(ctx context.Context, path string, form url.Values) (known, unknown []float64, err error) {
	half := n.options.Tries / 2
	var client *http.Client
	for i, who := range n.random.Perm(2 * half) {
		if i%triesPerNetwork == 0 {
			if client != nil {
				client.CloseIdleConnections()
			}
			if client, err = n.client(ctx); err != nil {
				return nil, nil, err
			}
		}
		name, into := person(who), &known
		if who >= half {
			name, into = nobody(who-half), &unknown
		}
		took, err := n.ask(ctx, client, path, name, form)
		if err != nil {
			return nil, nil, err
		}
		*into = append(*into, took)
	}
	return known, unknown, nil
}

// client is a browser on a network of its own: an address of this machine.
func (n *names) client(ctx context.Context) (*http.Client, error) {
	n.network++
	from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+n.network/200), byte(1+n.network%200))} //nolint:gosec // a few hundred
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{
		DialContext: (&net.Dialer{LocalAddr: from, Timeout: 10 * time.Second}).DialContext,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.service+signInPath, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	return client, answer.Body.Close()
}

func (n *names) ask(ctx context.Context, client *http.Client, path, name string, form url.Values) (float64, error) {
	form.Set("username", name)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.service+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	began := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	took := milliseconds(time.Since(began))
	if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError {
		return 0, fmt.Errorf("%s for %s: %s", path, name, answer.Status)
	}
	if err := answer.Body.Close(); err != nil {
		return 0, err
	}
	return took, err
}

// auc is the probability that one of a took longer than one of b, or the other way
// round, whichever is larger: how well the best threshold tells them apart.
func auc(a, b []float64) float64 {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	var longer float64
	for _, v := range a {
		below, _ := slices.BinarySearch(b, v)
		upTo := below
		for upTo < len(b) && b[upTo] == v {
			upTo++
		}
		longer += float64(below) + float64(upTo-below)/2
	}
	share := longer / float64(len(a)*len(b))
	return max(share, 1-share)
}
