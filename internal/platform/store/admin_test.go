package store

import (
	"strings"
	"testing"
)

// One row of a file of people, one request of a directory, one call with a key: each
// looks at few rows, however many there are.
func TestAdminQueriesUseTheirIndexes(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		db := raw(t, s)
		db.SetMaxOpenConns(1)
		for index, query := range map[string]string{
			"employments_external_id": lockByExternalIDSQL,
			"api_keys_hash":           apiKeyByHashSQL,
			"api_keys_previous":       apiKeyByHashSQL,
			"idempotency":             answerSQL,
			"import_chunks":           chunkSQL,
		} {
			explain := explainSQLite
			if driver == Postgres {
				explain = explainPostgres
			}
			if plan := strings.Join(explain(t, db, query), "\n"); !strings.Contains(plan, index) || strings.Contains(plan, "SCAN "+index) || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s: %s is not found by %s:\n%s", driver, query, index, plan)
			}
		}
	}
}
