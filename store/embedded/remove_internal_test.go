//go:build unix

package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestRemovedWhileSomebodyStillWrites removes directories in which another
// goroutine makes files, as an initdb does whose parent was killed.
func TestRemovedWhileSomebodyStillWrites(t *testing.T) {
	for n := range 50 {
		dir := filepath.Join(t.TempDir(), "data.new-1")
		if err := os.MkdirAll(filepath.Join(dir, "base", "1"), 0o700); err != nil {
			t.Fatal(err)
		}
		var writer sync.WaitGroup
		began := make(chan struct{})
		writer.Go(func() {
			for i := range 3000 {
				if os.WriteFile(filepath.Join(dir, "base", "1", fmt.Sprint(i)), nil, 0o600) != nil {
					return // its directory is gone
				}
				if i == 10 {
					close(began)
				}
			}
		})
		<-began
		err := removeInUse(context.Background(), dir)
		writer.Wait()
		if _, left := os.Stat(dir); err != nil || left == nil {
			t.Fatalf("try %d: got %v, still there: %v; want it gone", n, err, left == nil)
		}
	}
}
