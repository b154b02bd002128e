package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// ownRecord lets the attacker's employer invite somebody new.
func (s scholar) ownRecord(ctx context.Context, b *book) error {
	id := "invited-" + strconv.FormatUint(s.turn, 10)
	b.letter = id + "@oma.example"
	r := request{
		method: http.MethodPost, origin: s.target.Admin, path: "/v1/employers/" + s.target.Employer + "/persons",
		header: http.Header{"Authorization": {"Bearer " + s.target.APIKey}},
		json:   map[string]any{"external_id": id, "email": b.letter, "invite": true, "benefits": []any{map[string]any{"kind": "lunch"}}},
	}
	sent, err := r.build(ctx, "", time.Now())
	if err != nil {
		return err
	}
	var made struct {
		ID string `json:"id"`
	}
	// The attack with the same key may have used up what it may ask.
	for {
		err := s.do(sent, http.StatusCreated, &made)
		if err == nil {
			break
		}
		if !errors.Is(err, errTooMany) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(mailEvery):
		}
		if sent, err = r.build(ctx, "", time.Now()); err != nil {
			return err
		}
	}
	b.person = made.ID
	b.ids = append(b.ids, made.ID)
	return nil
}

// openAPI learns every operation of the admin API from its document.
func (s scholar) openAPI(ctx context.Context, b *book) error {
	var document json.RawMessage
	if err := s.get(ctx, s.target.Admin+"/v1/openapi.json", &document); err != nil {
		return err
	}
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return err
	}
	paths := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path]
		operations := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			op := operations[method]
			r := request{
				from: "openapi", method: method, origin: s.target.Admin, path: path, query: url.Values{},
				header: http.Header{"Authorization": {"Bearer " + s.target.APIKey}},
			}
			for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
				s.parameter(&r, b, p.Value)
			}
			for _, kind := range bodyKinds(op) {
				withBody := r.copied()
				withBody.fill(kind, op.RequestBody.Value.Content[kind])
				b.add(withBody)
			}
			if op.RequestBody == nil {
				b.add(r)
			}
		}
	}
	return nil
}

func bodyKinds(op *openapi3.Operation) []string {
	if op.RequestBody == nil || op.RequestBody.Value == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(op.RequestBody.Value.Content))
}

// parameter gives the request a value that fits.
func (s scholar) parameter(r *request, b *book, p *openapi3.Parameter) {
	value := "x"
	switch {
	case p.Name == "employer":
		value = s.target.Employer
	case p.Name == "person":
		value = b.person
	case p.Name == "kind":
		value = "lunch"
	case p.Schema != nil && p.Schema.Value != nil:
		if text, ok := example(p.Schema.Value, 0).(string); ok {
			value = text
		} else {
			value = "1"
		}
	}
	switch p.In {
	case openapi3.ParameterInPath:
		r.path = strings.ReplaceAll(r.path, "{"+p.Name+"}", url.PathEscape(value))
	case openapi3.ParameterInQuery:
		r.query.Set(p.Name, value)
	case openapi3.ParameterInHeader:
		r.header.Set(p.Name, value)
	}
}

func (r *request) fill(kind string, media *openapi3.MediaType) {
	switch {
	case strings.HasSuffix(kind, "json") && media.Schema != nil:
		r.json = example(media.Schema.Value, 0)
	case kind == "text/csv":
		r.raw = []byte("external_id,email,given_name,family_name,benefits\n7,x@oma.example,Kim,Laine,lunch sports\n")
	case strings.Contains(kind, "ndjson"):
		r.raw = []byte(`{"external_id":"8","email":"y@oma.example","benefits":["lunch"]}` + "\n")
	default:
		r.raw = []byte("x")
	}
	if r.raw != nil {
		r.header.Set("Content-Type", kind)
	}
}

// maxDepth stops a schema that contains itself.
const maxDepth = 6

// example makes a value that fits a schema.
func example(schema *openapi3.Schema, depth int) any {
	if schema == nil || depth > maxDepth {
		return nil
	}
	if schema.Example != nil {
		return schema.Example
	}
	if len(schema.Enum) > 0 {
		return schema.Enum[0]
	}
	for _, parts := range []openapi3.SchemaRefs{schema.AllOf, schema.OneOf, schema.AnyOf} {
		if len(parts) > 0 {
			return example(parts[0].Value, depth+1)
		}
	}
	switch types := schema.Type; {
	case types == nil || types.Includes(openapi3.TypeObject):
		out := map[string]any{}
		for name, property := range schema.Properties {
			if !property.Value.ReadOnly {
				out[name] = example(property.Value, depth+1)
			}
		}
		return out
	case types.Includes(openapi3.TypeArray):
		return []any{example(schema.Items.Value, depth+1)}
	case types.Includes(openapi3.TypeBoolean):
		return true
	case types.Includes(openapi3.TypeInteger), types.Includes(openapi3.TypeNumber):
		return 1
	default:
		return exampleText(schema.Format)
	}
}

func exampleText(format string) string {
	switch format {
	case "date":
		return "2030-12-31"
	case "date-time":
		return "2030-12-31T12:00:00Z"
	case "email":
		return "new@oma.example"
	default:
		return "text"
	}
}

// scim learns what directories send (RFC 7644); it has no document that would tell.
func (s scholar) scim(_ context.Context, b *book) error {
	header := http.Header{"Authorization": {"Bearer " + s.target.SCIMKey}, "Content-Type": {"application/scim+json"}}
	user := map[string]any{
		"schemas":  []any{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},
		"userName": "kim@oma.example", "externalId": "9", "active": true, "displayName": "Kim Laine", "preferredLanguage": "sv-FI",
		"name":   map[string]any{"givenName": "Kim", "familyName": "Laine", "formatted": "Kim Laine"},
		"emails": []any{map[string]any{"type": "work", "value": "kim@oma.example", "primary": true}},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": "IT"},
	}
	patch := map[string]any{
		"schemas":    []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{map[string]any{"op": "replace", "path": "name.givenName", "value": "Kim"}, map[string]any{"op": "add", "value": map[string]any{"active": false}}},
	}
	of := func(method, path string, query url.Values, body any) request {
		return request{from: "scim", method: method, origin: s.target.Admin, path: "/scim/v2" + path, query: query, json: body, header: header.Clone()}
	}
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"} {
		b.add(of(http.MethodGet, path, nil, nil))
	}
	for _, id := range append([]string{b.person}, s.target.Foreign...) {
		b.add(of(http.MethodGet, "/Users/"+id, nil, nil), of(http.MethodPut, "/Users/"+id, nil, user),
			of(http.MethodPatch, "/Users/"+id, nil, patch), of(http.MethodDelete, "/Users/"+id, nil, nil))
	}
	b.add(
		of(http.MethodGet, "/Users", url.Values{"filter": {`userName eq "kim@oma.example"`}, "startIndex": {"1"}, "count": {"10"}}, nil),
		of(http.MethodGet, "/Users", url.Values{"filter": {`emails[type eq "work"].value eq "kim@oma.example"`}, "attributes": {"userName"}}, nil),
		of(http.MethodPost, "/Users", nil, user))
	return nil
}
