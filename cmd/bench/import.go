package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"avain/internal/testkit/brokersim"
)

// measureImport sends a file of people to the admin API and waits until all are taken
// in: first as new ones, then the same file again.
func measureImport(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	employer, err := r.output(ctx, "admin", "employers", "add", "Tuonti Oy")
	if err != nil {
		return nil, err
	}
	key, err := r.output(ctx, "admin", "keys", "create", "bench", "--scopes", "import")
	if err != nil {
		return nil, err
	}
	a := importer{rig: r, client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Minute}, employer: employer, key: key, file: peopleFile(r.options.Import)}
	added, receiving, err := a.run(ctx)
	if err != nil {
		return nil, err
	}
	again, _, err := a.run(ctx)
	if err != nil {
		return nil, err
	}
	rows := float64(r.options.Import)
	return []figure{
		of("import_rows", "/s", []float64{rows / added.Seconds()}),
		of("import_again", "/s", []float64{rows / again.Seconds()}),
		of("import_receiving", "s", []float64{receiving.Seconds()}),
		of("import_memory", "MB", []float64{a.most}),
	}, nil
}

// output runs a command of the service's program and answers what it prints.
func (r *rig) output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, r.avain, append(args, "--config", configFile)...)
	cmd.Dir = r.folder
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// peopleFile is a file of so many people with identity codes.
func peopleFile(n int) []byte {
	var file bytes.Buffer
	_, _ = fmt.Fprintln(&file, "external_id,email,given_name,family_name,hetu,benefits") // a buffer takes everything
	for i := range n {
		p := brokersim.GeneratedPerson(i)
		_, _ = fmt.Fprintf(&file, "%d,person%d@example.com,%s,%s,%s,lunch sports\n", i, i, p.GivenName, p.FamilyName, p.HETU.Reveal())
	}
	return file.Bytes()
}

// importer sends one file.
type importer struct {
	*rig
	client        *http.Client
	employer, key string
	file          []byte
	most          float64 // of the service's memory, in MB
}

// run answers how long the whole took, and of that the sending.
func (a *importer) run(ctx context.Context) (whole, receiving time.Duration, err error) {
	began := time.Now()
	id, rows, err := a.call(ctx, http.MethodPost, "", bytes.NewReader(a.file))
	if err != nil {
		return 0, 0, err
	}
	receiving = time.Since(began)
	for rows.State == "running" {
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if _, rows, err = a.call(ctx, http.MethodGet, "/"+id, nil); err != nil {
			return 0, 0, err
		}
		used, err := memory(a.serving.pid())
		if err != nil {
			return 0, 0, err
		}
		a.most = max(a.most, used)
	}
	if rows.Failed > 0 || rows.State != "done" {
		return 0, 0, fmt.Errorf("%s, %d rows could not be taken", rows.State, rows.Failed)
	}
	return time.Since(began), receiving, nil
}

type importedRows struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Failed int64  `json:"failed"`
}

func (a *importer) call(ctx context.Context, method, path string, body io.Reader) (id string, rows importedRows, err error) {
	req, err := http.NewRequestWithContext(ctx, method, a.admin+"/v1/employers/"+a.employer+"/imports"+path, body)
	if err != nil {
		return "", rows, err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", "text/csv")
	answer, err := a.client.Do(req)
	if err != nil {
		return "", rows, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode >= http.StatusBadRequest {
		return "", rows, fmt.Errorf("import: %s", answer.Status)
	}
	err = json.NewDecoder(answer.Body).Decode(&rows)
	return rows.ID, rows, err
}
