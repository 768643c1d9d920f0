package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/tools"
)

func querySpec(cfg Config) tools.Spec {
	return tools.Spec{
		Name:   "query",
		Title:  "Run SQL",
		Effect: tools.ReadOnly,
		Ranges: map[string]tools.Range{"limit": {Min: 1, Max: cfg.MaxRows, Default: min(usualRows, cfg.MaxRows)}},
		Description: "Run one read-only SELECT in PostgreSQL syntax and return its rows. " +
			"Call describe_table first when column names are not known. " +
			fmt.Sprintf("At most %d rows, 1 MiB and %s; more=true means rows were cut off: narrow the WHERE or page by key. "+
				"cached=true is a kept answer; fresh=true reads again.", cfg.MaxRows, cfg.Timeout),
		Timeout: cfg.callTimeout(),
	}
}

type queryArgs struct {
	SQL    string `json:"sql" jsonschema:"one SELECT in PostgreSQL syntax, without writes or row locks"`
	Params []any  `json:"params,omitempty" jsonschema:"values for $1, $2, …; an array becomes a PostgreSQL array"`
	Limit  int    `json:"limit,omitempty" jsonschema:"most rows to return"`
	Fresh  bool   `json:"fresh,omitempty" jsonschema:"read the database now, even where a recent answer is kept"`
}

type queryResult struct {
	Columns   []column            `json:"columns"`
	Rows      [][]json.RawMessage `json:"rows" jsonschema:"values in column order; integers beyond 2^53 and numeric are strings, so that they stay exact"`
	RowCount  int                 `json:"row_count" jsonschema:"rows in this answer"`
	More      bool                `json:"more" jsonschema:"true where rows were cut off by limit or size"`
	ElapsedMS float64             `json:"elapsed_ms" jsonschema:"time in the database, milliseconds"`
	Cached    bool                `json:"cached" jsonschema:"true where this was read at executed_at and kept since"`
	Executed  time.Time           `json:"executed_at" jsonschema:"when the database was read"`
	Cut       []cutCell           `json:"cut,omitempty" jsonschema:"values cut to 4 KiB"`
	Note      string              `json:"note,omitempty" jsonschema:"what to try when no row was found"`

	result *store.Result
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type cutCell struct {
	Row    int    `json:"row" jsonschema:"index in rows, from 0"`
	Column string `json:"column"`
	Bytes  int    `json:"bytes" jsonschema:"size of the whole value"`
}

// query answers the query tool, from the cache where the same principal asked
// the same not long ago.
//
// Errors: *sqlguard.Violation where the text is not one read-only SELECT;
// *rejected and *store.QueryError where PostgreSQL refuses or stops it;
// *store.Busy and *store.Unavailable where it cannot be asked.
func (h handlers) query(ctx context.Context, in queryArgs) (queryResult, error) {
	st, err := h.check(ctx, in.SQL)
	if err != nil {
		return queryResult{}, err
	}
	lim := store.Limits{Rows: in.Limit, Bytes: answerBytes, CellBytes: cellBytes, Timeout: h.cfg.Timeout}
	res, at, hit, err := h.cached(ctx, st, in, func() (*store.Result, error) { return h.read(ctx, st, in.Params, lim) })
	if err != nil {
		return queryResult{}, err
	}
	out := shape(res)
	out.Cached, out.Executed = hit, at.UTC().Truncate(time.Millisecond)
	return out, nil
}

// shape turns a result into what the tool returns.
func shape(res *store.Result) queryResult {
	out := queryResult{
		Columns:   make([]column, len(res.Columns)),
		Rows:      make([][]json.RawMessage, len(res.Rows)),
		RowCount:  len(res.Rows),
		More:      res.More,
		ElapsedMS: float64(res.Elapsed.Round(10*time.Microsecond).Microseconds()) / 1000,
		result:    res,
	}
	for i, c := range res.Columns {
		out.Columns[i] = column{Name: c.Name, Type: c.Type}
	}
	for i, row := range res.Rows {
		out.Rows[i] = rowJSON(res.Columns, row)
		for j, v := range row {
			if v.Cut > 0 {
				out.Cut = append(out.Cut, cutCell{Row: i, Column: res.Columns[j].Name, Bytes: v.Cut})
			}
		}
	}
	if len(res.Rows) == 0 && !res.More {
		out.Note = "No row matched: loosen the WHERE, or call describe_table for the values that columns have."
	} else if len(res.Rows) == 0 {
		out.Note = "The first row is larger than 1 MiB: select fewer columns, or cut the wide ones with left(column, 1000)."
	}
	return out
}

// rowJSON encodes one row into one buffer.
func rowJSON(columns []store.Column, row []store.Value) []json.RawMessage {
	out := make([]json.RawMessage, len(row))
	size := 0
	for _, v := range row {
		size += len(v.Text) + len(nullJSON)
	}
	buf := make([]byte, 0, size)
	for j, v := range row {
		start := len(buf)
		buf = appendJSON(buf, columns[j].OID, v)
		out[j] = buf[start:len(buf):len(buf)]
	}
	return out
}

// Text gives the rows as tab-separated values in PostgreSQL's COPY format
// (\N is NULL, \t, \n and \\ are escaped), under one header line and above one
// closing line. No value can look like either: values hold no line break.
func (r queryResult) Text() string {
	took := strconv.FormatFloat(r.ElapsedMS, 'f', -1, 64) + " ms"
	if r.Cached {
		took = "cached: read " + r.Executed.Format(time.RFC3339) + "; fresh=true reads again"
	}
	return tableText(r.result, took, r.Note)
}
