package lines

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name, in string
		want     []string // "!" for a line that is too long, with its id
	}{
		{"lines", "a\nb\n", []string{"a\n", "b\n"}},
		{"a last line without an end", "a\nb", []string{"a\n", "b"}},
		{"nothing", "", nil},
		{"empty lines", "\n\n", []string{"\n", "\n"}},
		{"a line of just the limit", long[:19] + "\nb\n", []string{long[:19] + "\n", "b\n"}},
		{"a line of one more", long[:20] + "\nb\n", []string{"!", "b\n"}},
		{"a long last line", long, []string{"!"}},
		{"a long line with its id first", `{"jsonrpc":"2.0","id":7,"x":"` + long + "\"}\nb", []string{"!7", "b"}},
		{"a long line with its id last", `{"x":"` + long + `","id":"a"}` + "\nb", []string{`!"a"`, "b"}},
		{"a long line whose id is deeper", `{"x":{"y":"` + long + `","id":"a"}}` + "\nb", []string{"!", "b"}},
	}
	for _, tt := range tests {
		for _, size := range []int{16, 4096} { // of the buffer below
			t.Run(tt.name, func(t *testing.T) {
				r := Reader{In: bufio.NewReaderSize(strings.NewReader(tt.in), size), Max: 20}
				for _, want := range tt.want {
					got, err := r.Next()
					var o *Overlong
					if errors.As(err, &o) {
						got, err = append([]byte("!"), o.ID()...), nil
					}
					if err != nil || string(got) != want {
						t.Fatalf("%q: got %q, %v; want %q", tt.in, got, err, want)
					}
				}
				if got, err := r.Next(); len(got) > 0 || !errors.Is(err, io.EOF) {
					t.Errorf("%q: got %q, %v at the end, want EOF", tt.in, got, err)
				}
			})
		}
	}
}

func TestCloseWritesWhatIsQueued(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, m := range []string{"a", "b", "c"} {
		if err := w.Send(t.Context(), []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(time.Minute); err != nil || out.String() != "a\nb\nc\n" {
		t.Errorf("got %v and %q, want nil and three lines", err, out.String())
	}
	if err := w.Send(t.Context(), nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Send after Close: got %v, want %v", err, io.ErrClosedPipe)
	}
}

func TestSendBlocksNoLongerThanItsContext(t *testing.T) {
	r, out := io.Pipe() // which nobody reads
	defer r.Close()
	w := NewWriter(out)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var err error
	for range 100 {
		if err = w.Send(ctx, []byte("x")); err != nil {
			break
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
