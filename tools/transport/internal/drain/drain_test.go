package drain

import (
	"context"
	"errors"
	"testing"
)

func TestDrain(t *testing.T) {
	var d Drain
	if first, second := d.Begin(), d.Begin(); !first || !second || d.Closing() {
		t.Fatal("an open drain takes work")
	}
	d.End()
	idle := d.Close()
	if d.Begin() || !d.Closing() {
		t.Error("a closing drain took work")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Await(gone, idle); !errors.Is(err, context.Canceled) {
		t.Errorf("with work left: got %v, want %v", err, context.Canceled)
	}
	d.End()
	if err := Await(gone, d.Close()); err != nil {
		t.Errorf("with none left: got %v, want nil, even with no time", err)
	}
}
