package store

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	maxMessage   = 8 << 20         // bytes of one row on the wire; a larger one ends the connection
	cancelGrace  = 2 * time.Second // from asking the server to stop to leaving it alone
	drainAllowed = 1 << 20         // bytes read and dropped past a full answer before the connection is given up
)

// exchange is one pipelined conversation on one connection: begin, bounds,
// statement, rollback and sync go out together, so that the server skips all
// that follows a failure and the whole read costs one round trip. The row
// limit travels in the protocol's Execute message: no cursor, no edited text.
// Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
type exchange struct {
	conn  *pgconn.PgConn
	lim   Limits
	start time.Time

	step     int // statements completed: 1 begin, 2 prologue, 3 the caller's, 4 rollback
	received bool
	lingers  bool // the server works on, though nobody waits
	bytes    int
	dropped  int
	res      Result
	failure  error
}

func (x *exchange) begin(prologue string) {
	x.start = time.Now()
	fe := x.conn.Frontend()
	fe.SetMaxBodyLen(maxMessage)
	x.send("BEGIN READ ONLY", nil, 0, false)
	x.send(prologue, nil, 0, false)
}

func (x *exchange) statement(text string, values [][]byte) {
	x.send(text, values, uint32(x.lim.Rows)+1, true)
	x.send("ROLLBACK", nil, 0, false)
	x.conn.Frontend().SendSync(&pgproto3.Sync{})
}

func (x *exchange) send(text string, values [][]byte, rows uint32, describe bool) {
	fe := x.conn.Frontend()
	fe.SendParse(&pgproto3.Parse{Query: text})
	fe.SendBind(&pgproto3.Bind{Parameters: values})
	if describe {
		fe.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
	}
	fe.SendExecute(&pgproto3.Execute{MaxRows: rows})
}

// finish sends what is queued and reads the answers. Where the server goes on
// after its caller has gone, lingers is set: outlast must then follow.
func (x *exchange) finish(ctx context.Context) (*Result, error) {
	stop := context.AfterFunc(ctx, x.abandon)
	err := x.conn.Frontend().Flush()
	if err == nil {
		err = x.receive()
	}
	if !stop() {
		x.lingers = errors.Is(err, os.ErrDeadlineExceeded)
		if !x.lingers {
			x.close() // a late cancel request could hit the connection's next user
		}
		return nil, ctx.Err()
	}
	if errors.Is(err, errFull) {
		x.close()
		return &x.res, nil
	}
	if err != nil {
		x.close()
		return nil, x.brokenBy(err)
	}
	if x.conn.TxStatus() != 'I' {
		x.endFailed(ctx)
	}
	if x.failure != nil {
		return nil, x.failure
	}
	return &x.res, nil
}

// abandon runs when the caller has gone away: the server is told to stop the
// query, and reading ends soon even when it does not.
func (x *exchange) abandon() {
	_ = x.conn.Conn().SetReadDeadline(time.Now().Add(cancelGrace))
	ctx, cancel := context.WithTimeout(context.Background(), cancelGrace/2)
	defer cancel()
	_ = x.conn.CancelRequest(ctx) // when it fails, the connection is given up all the same
}

// outlast waits until the server has ended a statement that cannot be
// interrupted, and closes the connection. Until then it counts against the
// pool, so that such statements cannot pile up beyond it. When giveUp is
// closed, it stops waiting.
func (x *exchange) outlast(giveUp <-chan struct{}) {
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-giveUp:
			_ = x.conn.Conn().Close() // ends the read below
		case <-ended:
		}
	}()
	if err := x.conn.Conn().SetReadDeadline(time.Time{}); err == nil {
		_ = x.receive() // whatever comes, nobody waits for it
	}
	x.close()
}

// close ends the connection; the pool makes another.
func (x *exchange) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = x.conn.Close(ctx)
}

// endFailed rolls back the transaction that a failed statement left open.
func (x *exchange) endFailed(ctx context.Context) {
	if _, err := x.conn.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		x.close()
	}
}

// brokenBy names the reason why the connection ended.
func (x *exchange) brokenBy(err error) error {
	var large *pgproto3.ExceededMaxBodyLenErr
	var netErr net.Error
	switch {
	case errors.As(err, &large):
		return &TooLarge{limit: maxMessage}
	case errors.As(err, &netErr) && netErr.Timeout():
		return &Unavailable{err: err}
	case x.received:
		return &Unavailable{err: err}
	default:
		return &staleConn{err: err}
	}
}

// errFull ends the reading of rows that no answer will hold.
var errFull = errors.New("answer is full")

// receive reads messages until the server is ready for the next query.
func (x *exchange) receive() error {
	for {
		msg, err := x.conn.ReceiveMessage(context.Background())
		if err != nil {
			return err
		}
		done, err := x.handle(msg)
		if done || err != nil {
			return err
		}
	}
}

func (x *exchange) handle(msg pgproto3.BackendMessage) (done bool, err error) {
	switch m := msg.(type) {
	case *pgproto3.RowDescription:
		x.received = true
		x.columns(m)
	case *pgproto3.DataRow:
		if x.step == 2 {
			return false, x.row(m.Values)
		}
	case *pgproto3.CommandComplete:
		x.completed()
	case *pgproto3.PortalSuspended:
		x.completed()
	case *pgproto3.ErrorResponse:
		x.failure = pgconn.ErrorResponseToPgError(m)
	case *pgproto3.ReadyForQuery:
		return true, nil
	}
	return false, nil
}

func (x *exchange) completed() {
	x.step++
	if x.step == 3 {
		x.res.Elapsed = time.Since(x.start)
	}
}

func (x *exchange) columns(m *pgproto3.RowDescription) {
	x.res.Columns = make([]Column, len(m.Fields))
	for i, f := range m.Fields {
		x.res.Columns[i] = Column{Name: string(f.Name), OID: f.DataTypeOID}
	}
}

// row keeps one row while it fits; the first that does not sets More.
func (x *exchange) row(values [][]byte) error {
	size := 0
	for _, v := range values {
		size += min(len(v), x.lim.CellBytes)
	}
	if x.res.More || len(x.res.Rows) == x.lim.Rows || x.bytes+size > x.lim.Bytes {
		x.res.More = true
		x.dropped += size
		if x.dropped > drainAllowed {
			x.res.Elapsed = time.Since(x.start)
			return errFull
		}
		return nil
	}
	x.bytes += size
	x.res.Rows = append(x.res.Rows, x.copy(values, size))
	return nil
}

// copy takes the values out of the connection's buffer, cutting long ones. All
// texts of a row share one allocation.
func (x *exchange) copy(values [][]byte, size int) []Value {
	row := make([]Value, len(values))
	var all strings.Builder
	all.Grow(size)
	for i, v := range values {
		start := all.Len()
		switch {
		case v == nil:
			row[i].Null = true
		case len(v) > x.lim.CellBytes:
			all.Write(cutText(v, x.lim.CellBytes))
			row[i].Cut = len(v)
		default:
			all.Write(v)
		}
		row[i].Text = all.String()[start:]
	}
	return row
}

// cutText keeps at most n bytes of v, never half a character.
func cutText(v []byte, n int) []byte {
	for n > 0 && v[n]&0xC0 == 0x80 {
		n--
	}
	return v[:n]
}
