package figmafiles

import (
	_ "embed" // the SQL texts

	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

var (
	//go:embed queries/get.sql
	getSQL own.SQL
	//go:embed queries/put.sql
	putSQL own.SQL
	//go:embed queries/prune.sql
	pruneSQL own.SQL
	//go:embed queries/drop.sql
	dropSQL own.SQL
	//go:embed queries/forget.sql
	forgetSQL own.SQL
)

const (
	// discardSQL leaves a row that has been written anew.
	discardSQL own.SQL = `DELETE FROM fluxmcp.figma_files_cache WHERE id = $1::uuid AND cached_at = $2::timestamptz`
	removeSQL  own.SQL = `DELETE FROM fluxmcp.figma_files_cache WHERE file_key = $4 AND account = $3
	AND user_id = (SELECT id FROM fluxmcp.users WHERE issuer = $1 AND subject = $2)`
)

// dropBatch is how many rows one statement deletes, which has 5 s: a content of
// 16 MiB is 8,400 rows of PostgreSQL's own.
const dropBatch = 25

func table() kept.Table {
	return kept.Table{Name: "figma_files_cache", What: "a cached file", Get: getSQL, Put: putSQL, Prune: pruneSQL, Discard: discardSQL}
}
