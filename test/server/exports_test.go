package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"avain/internal/domain/employment"
)

// The whole way of a file: out of the admin API, as a spreadsheet would leave it, and in
// again. Nobody is there twice, and nobody is somebody else.
func TestThreat50ExportsImportAsTheSame(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	root := "/v1/employers/" + w.a.employer
	w.done(w.a.employer, w.a.imported)
	for _, person := range []string{
		`{"external_id":"-1796aB","given_name":"=cmd|' /C calc'!A0","family_name":"x;=1+1","email":"+aino@example.com"}`,
		`{"external_id":"'-1796aB","given_name":"＝1","family_name":"|calc","benefits":[{"kind":"lunch","starts_on":"2027-01-01","released":false}]}`,
		`{"external_id":"@1","given_name":"O'Brien","family_name":"a,-b \"c\"","benefits":[{"kind":"sports","ends_on":"2030-12-31"},{"kind":"lunch"}]}`,
	} {
		if a := w.ask(ask{method: "POST", path: root + "/persons", key: "a", body: person}); a.status != http.StatusCreated {
			t.Fatalf("%s: %d %s", person, a.status, a.body)
		}
	}
	before := w.everybody(root)
	file := w.ask(ask{method: "GET", path: root + "/export?format=csv", key: "a"})
	for line := range strings.Lines(string(file.body)) {
		if !strings.HasPrefix(strings.TrimPrefix(line, "\ufeff"), `"`) || !strings.HasSuffix(line, "\"\r\n") {
			t.Errorf("a cell is not quoted: %s", line)
		}
	}
	made := w.ask(ask{method: "POST", path: root + "/imports", body: string(file.body), kind: "text/csv", key: "a"})
	id, _ := made.json(t)["id"].(string)
	if i := w.done(w.a.employer, id); i.State != employment.ImportDone || i.Failed != 0 || i.Created != 0 || int(i.Updated) != len(before) {
		t.Errorf("%d people were exported: %+v\n%s", len(before), i, file.body)
	}
	if after := w.everybody(root); !maps.Equal(before, after) {
		t.Errorf("before\n%v\nafter\n%v", before, after)
	}
}

// everybody is what the API says of each person, without when that was said.
func (w *adminWorld) everybody(root string) map[string]string {
	w.Helper()
	all := map[string]string{}
	for line := range strings.Lines(string(w.ask(ask{method: "GET", path: root + "/export", key: "a"}).body)) {
		var person map[string]any
		if err := json.Unmarshal([]byte(line), &person); err != nil {
			w.Fatal(err)
		}
		id, _ := person["id"].(string)
		delete(person, "updated_at")
		said, err := json.Marshal(person)
		if err != nil {
			w.Fatal(err)
		}
		all[id] = string(said)
	}
	return all
}
