package figmafiles_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store/figmafiles"
)

func TestTheLeastRecentlyUsedGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{PerPerson: 3})
	for _, c := range []struct {
		name string
		act  func(r *rig)
		want []string
	}{
		{"the one that was put first", func(*rig) {}, []string{"ada:F2", "ada:F3", "ada:F4"}},
		{"not one that was used since", func(r *rig) { r.content(key("ada", "F1")) }, []string{"ada:F1", "ada:F3", "ada:F4"}},
		{"not one that was put again since", func(r *rig) { r.put(key("ada", "F1"), "again") }, []string{"ada:F1", "ada:F3", "ada:F4"}},
		{"an expired one before all", func(r *rig) {
			r.Exec("UPDATE fluxmcp.figma_files_cache SET cache_expires_at = now() WHERE file_key = 'F3'")
		}, []string{"ada:F1", "ada:F2", "ada:F4"}},
		{"as many as it takes", func(r *rig) {
			more := replica(r.Database, figmafiles.Options{})
			more.put(key("ada", "F5"), "x")
			more.put(key("ada", "F6"), "x")
		}, []string{"ada:F4", "ada:F5", "ada:F6"}},
		{"with whichever account it was read", func(r *rig) {
			k := key("ada", "F0")
			k.Account = "another"
			r.put(k, "x")
		}, []string{"ada:F0", "ada:F3", "ada:F4"}},
		{"nobody else's", func(r *rig) {
			r.put(key("eve", "F1"), "x")
			r.Exec(unused("F1", 1000))
		}, []string{"ada:F2", "ada:F3", "ada:F4", "eve:F1"}},
	} {
		r.Exec("DELETE FROM fluxmcp.users")
		for i := range 3 {
			file := fmt.Sprint("F", i+1)
			r.put(key("ada", file), "x")
			r.Exec(unused(file, 10-i))
		}
		c.act(r)
		r.put(key("ada", "F4"), "x")
		r.Want(c.name, files, c.want...)
	}
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	k := key("ada", "F1")
	r.put(k, "x")
	const noted = "SELECT (now() - used_at < interval '30 seconds')::text FROM fluxmcp.figma_files_cache"
	for _, c := range []struct {
		name, since, want string
	}{
		{"a minute ago and more", "61 seconds", "true"},
		{"less than a minute ago", "50 seconds", "false"},
	} {
		r.Exec("UPDATE fluxmcp.figma_files_cache SET used_at = now() - interval '" + c.since + "'")
		if got := r.content(k); got != "x" {
			t.Errorf("%s: got %s, want x", c.name, got)
		}
		r.Want(c.name, noted, c.want)
	}
}

// TestNobodyWaitsForAFileThatIsInUse: whoever deletes a file of everybody may
// be waiting for the very row that was put.
func TestNobodyWaitsForAFileThatIsInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{PerPerson: 1})
	r.put(key("ada", "F1"), "x")
	r.Exec(unused("F1", 10))
	conn, err := pgx.Connect(t.Context(), r.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "BEGIN; SELECT FROM fluxmcp.figma_files_cache FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	if got := r.content(key("ada", "F1")); got != "x" {
		t.Errorf("a file that somebody has locked: got %s, want x", got)
	}
	r.put(key("ada", "F2"), "x")
	r.Want("it is left to them", files, "ada:F1", "ada:F2")
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	r.put(key("ada", "F2"), "x")
	r.Want("and goes the next time", files, "ada:F2")
}

// TestTheBoundHoldsForAllAtOnce lets several processes put at the same moment.
func TestTheBoundHoldsForAllAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{PerPerson: 4})
	other := replica(r.Database, figmafiles.Options{PerPerson: 4})
	var wg sync.WaitGroup
	for i := range 8 {
		files := []*rig{r, other}[i%2]
		wg.Go(func() {
			for n := range 5 {
				files.put(key("ada", fmt.Sprint("F", i*5+n)), "x")
			}
		})
	}
	wg.Wait()
	r.Want("files of a person", "SELECT count(*)::text FROM fluxmcp.figma_files_cache", "4")
}

// TestNothingFailsWhenAllHappensAtOnce: no order of locks ends in a deadlock,
// also where a person reads one file with two accounts.
func TestNothingFailsWhenAllHappensAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{PerPerson: 2})
	var wg sync.WaitGroup
	for i := range 8 {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		wg.Go(func() {
			for range 60 {
				k := key([]string{"ada", "eve"}[random.IntN(2)], []string{"F1", "F2"}[random.IntN(2)])
				k.Account = []string{"one", "two"}[random.IntN(2)]
				if err := anything(t, r, random.IntN(8), k); err != nil {
					t.Errorf("%v, want no error", err)
				}
			}
		})
	}
	wg.Wait()
}

func anything(t *testing.T, r *rig, what int, k figmafiles.Key) (err error) {
	switch what {
	case 0:
		_, err = r.Drop(t.Context(), k.File)
	case 1:
		err = r.Forget(t.Context(), k.Person)
	case 2, 3:
		_, _, err = r.Get(t.Context(), k)
	default:
		err = r.Put(t.Context(), k, figmafiles.Entry{Content: []byte("x")}, "", time.Hour)
	}
	return err
}
