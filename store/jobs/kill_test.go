package jobs

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

const (
	childRole = "FLUXMCP_JOBS_TEST_ROLE" // queue or work
	childURL  = "FLUXMCP_JOBS_TEST_URL"
)

// child queues a job or begins to run it, says so, and waits to be killed.
func child(role, url string) {
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := idle()
	cfg.Revoke = func(context.Context, string) error {
		fmt.Println("working")
		select {}
	}
	j := newJobs(db.Own(), cfg, fast())
	if role == "work" {
		j.Start(context.Background())
		select {}
	}
	if err := j.EnqueueRevoke(context.Background(), "acc"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("queued")
	select {}
}

// killed runs a child until it has said what is expected, and kills it.
func killed(t *testing.T, url, role, says string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), childRole+"="+role, childURL+"="+url)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said, _ := bufio.NewReader(out).ReadString('\n') // at its end it says nothing
	if err := cmd.Process.Kill(); err != nil {
		t.Errorf("kill the child: %v", err)
	}
	_ = cmd.Wait() // it was killed
	if said != says+"\n" {
		t.Fatalf("the child said %q, want %s", said, says)
	}
}

func TestKilledProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	killed(t, url, "queue", "queued") // between queueing and running
	killed(t, url, "work", "working") // while running what the first had queued
	eventually(t, url, "SELECT state::text || attempt FROM fluxmcp.river_job WHERE kind = 'revoke_account'", "running1")
	// Time goes by: the dead leader's term ends, and its job has run for too long.
	storetest.Exec(t, url, "UPDATE fluxmcp.river_leader SET expires_at = now() - interval '1 second'",
		"UPDATE fluxmcp.river_job SET attempted_at = now() - interval '91 seconds'")
	cfg, done := idle(), make(chan string, 1)
	cfg.Revoke = func(_ context.Context, id string) error { done <- id; return nil }
	begin(t, url, cfg, fast())
	if got := await(t, "the job of the killed processes", done); got != "acc" {
		t.Errorf("ran for %q, want acc", got)
	}
	eventually(t, url, "SELECT state::text || attempt FROM fluxmcp.river_job WHERE kind = 'revoke_account'", "completed2")
}

func TestJobsThatStillRunAreNotRescued(t *testing.T) {
	if p := usual(); p.rescue < p.timeout+30*usual().start(1) {
		t.Errorf("rescued after %v of at most %v, want a margin for clocks that differ", p.rescue, p.timeout)
	}
}
