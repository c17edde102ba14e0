//go:build unix

package match

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// SQLite is given every advantage: ids and links as integers, no journal, many rows a statement, the index made when the
// rows are there, and a query that hands out counts instead of a verdict for each invoice.
const schema = `
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -1000000;
CREATE TABLE invoices (id INTEGER PRIMARY KEY, names INTEGER, paid INTEGER NOT NULL, currency TEXT NOT NULL);
CREATE TABLE bills (id INTEGER PRIMARY KEY, link INTEGER, paid INTEGER NOT NULL, currency TEXT NOT NULL);`

const index = `CREATE INDEX bill_of ON bills (link)`

// join is reconcile.Linking.MatchAll for both sides and no tolerance. Of three ways to write it this is the fastest: with
// window functions, or asking EXISTS for a second bill, it takes longer.
const join = `
WITH carried AS (
	SELECT i.id, i.names, i.paid, i.currency, min(b.id) AS bill, count(b.id) AS bills
	FROM invoices i LEFT JOIN bills b ON b.link = i.id
	GROUP BY i.id
), linked AS MATERIALIZED (
	SELECT c.paid, c.currency,
		bills > 1 OR bills = 1 AND coalesce(names <> bill, 0) OR bills = 0 AND named.link IS NOT NULL AS ambiguous,
		CASE
			WHEN bills = 1 AND coalesce(names = bill, 1) THEN bill
			WHEN bills = 0 AND named.link IS NULL THEN named.id
		END AS bill
	FROM carried c LEFT JOIN bills named ON named.id = c.names
), contested AS (
	SELECT bill FROM linked WHERE bill IS NOT NULL GROUP BY bill HAVING count(*) > 1
)
SELECT
	CASE
		WHEN ambiguous OR l.bill IN contested THEN 'ambiguous_bill'
		WHEN l.bill IS NULL THEN iif(l.paid = 0, 'unlinked', 'no_bill')
		WHEN l.currency <> b.currency THEN iif(l.paid = 0 AND b.paid = 0, 'in sync', 'currency_mismatch')
		WHEN l.paid = b.paid THEN 'in sync'
		ELSE 'differ'
	END AS verdict,
	count(*)
FROM linked l LEFT JOIN bills b ON b.id = l.bill
GROUP BY verdict`

// askSQLite measures both its parts, and returns its verdicts.
func (r *Row) askSQLite(ctx context.Context, w world) (verdicts map[string]int, err error) {
	var all []*sql.DB // closing one takes time that is not to be counted
	defer func() {
		for _, db := range all {
			err = errors.Join(err, db.Close())
		}
	}()
	load, err := best(func() error {
		db, err := newDatabase(ctx, w)
		if err == nil {
			all = append(all, db)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	ask, err := best(func() error {
		verdicts, err = query(ctx, all[0])
		return err
	})
	r.Load, r.Join = load.time, ask.time
	return verdicts, err
}

func newDatabase(ctx context.Context, w world) (*sql.DB, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	if err := fill(ctx, db, w); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func fill(ctx context.Context, db *sql.DB, w world) error {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing is left to roll back once it is committed
	err = insert(ctx, tx, "invoices", len(w.invoices), func(i int) ([columns]any, error) {
		inv := &w.invoices[i]
		names, err := integer(inv.ExternalID)
		return [columns]any{inv.ID, names, inv.Paid.Minor(), string(inv.Paid.Currency())}, err
	})
	if err != nil {
		return err
	}
	err = insert(ctx, tx, "bills", len(w.bills), func(i int) ([columns]any, error) {
		bill := &w.bills[i]
		id, errID := integer(bill.ID)
		link, errLink := integer(bill.Link)
		return [columns]any{id, link, bill.Paid.Minor(), string(bill.Paid.Currency())}, errors.Join(errID, errLink)
	})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, index); err != nil {
		return err
	}
	return tx.Commit()
}

const (
	columns = 4
	// together is how many rows one statement inserts. More are not faster.
	together = 50
)

func insert(ctx context.Context, tx *sql.Tx, table string, rows int, row func(int) ([columns]any, error)) error {
	statement := func(rows int) string {
		return "INSERT INTO " + table + " VALUES " + strings.TrimSuffix(strings.Repeat("(?,?,?,?),", rows), ",")
	}
	many, err := tx.PrepareContext(ctx, statement(together))
	if err != nil {
		return err
	}
	defer many.Close() //nolint:errcheck // it ends with its transaction
	values := make([]any, 0, together*columns)
	for i := range rows {
		one, err := row(i)
		if err != nil {
			return err
		}
		if values = append(values, one[:]...); len(values) < cap(values) {
			continue
		}
		if _, err := many.ExecContext(ctx, values...); err != nil {
			return err
		}
		values = values[:0]
	}
	if len(values) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, statement(len(values)/columns), values...)
	return err
}

// integer is an id or a link as SQLite gets it: nil where there is none.
func integer(text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	return strconv.ParseInt(text, 10, 64)
}

func query(ctx context.Context, db *sql.DB) (map[string]int, error) {
	rows, err := db.QueryContext(ctx, join)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // reading to the end has closed them
	counts := map[string]int{}
	for rows.Next() {
		var verdict string
		var n int
		if err := rows.Scan(&verdict, &n); err != nil {
			return nil, fmt.Errorf("reading the verdicts: %w", err)
		}
		counts[verdict] = n
	}
	return counts, rows.Err()
}
