package jobs
import ("testing";"runtime";"os";"strings";"time";"log/slog";"syscall";"fmt")
func rss() int { b,_:=os.ReadFile("/proc/self/status"); for l:=range strings.Lines(string(b)) { if strings.HasPrefix(l,"VmRSS:") { var n int; fmt.Sscanf(strings.TrimPrefix(l,"VmRSS:"),"%d",&n); return n } }; return 0 }
func cpu() time.Duration { var r syscall.Rusage; syscall.Getrusage(0,&r); return time.Duration(r.Utime.Nano()+r.Stime.Nano()) }
func TestIdleCost(t *testing.T) {
 url := os.Getenv("IDLE_URL"); if url=="" { url = migrated(t) }
 o := ownOf(t,url)
 if _,err:=o.Exec(t.Context(),"SELECT 1"); err!=nil { t.Fatal(err) }
 runtime.GC(); var m1,m2 runtime.MemStats; runtime.ReadMemStats(&m1)
 g,r := runtime.NumGoroutine(), rss()
 p := usual()
 c := idle(); c.RefreshEvery=time.Minute; c.CleanEvery=time.Hour; _ = slog.LevelInfo
 st := make(chan struct{}); c.OnStarted=func(){close(st)}
 b:=time.Now()
 j := newJobs(o,c,p); j.Start(t.Context()); <-st
 t.Log("start took", time.Since(b), "cpu before", cpu())
 time.Sleep(8*time.Second)
 c1:=cpu(); time.Sleep(60*time.Second); c2:=cpu()
 runtime.GC(); runtime.ReadMemStats(&m2)
 t.Log("goroutines", g, runtime.NumGoroutine(), "rss KiB", r, rss(), "heap", m1.HeapAlloc, m2.HeapAlloc, "stack", m1.StackInuse, m2.StackInuse, "alloc/60s", m2.TotalAlloc-m1.TotalAlloc, "cpu in 60s", c2-c1)
 t.Log(query(t,url,"SELECT application_name||' '||count(*) FROM pg_stat_activity WHERE datname=current_database() GROUP BY application_name"))
 t.Log(query(t,url,"SELECT xact_commit||' commits' FROM pg_stat_database WHERE datname=current_database()"))
 end(t,j)
 t.Log("after", runtime.NumGoroutine())
}
