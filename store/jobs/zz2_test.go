package jobs
import ("testing";"os";"os/exec";"net/url";"fmt";"time";"context";"log/slog";"github.com/fluxstudio/fluxmcp/store/storetest";"github.com/fluxstudio/fluxmcp/store")
func TestBouncer(t *testing.T) {
 server := storetest.Server(t)
 u,_ := url.Parse(server.URL())
 t.Log(server.URL())
 pw,_ := u.User.Password(); host := u.Query().Get("host"); port := u.Query().Get("port"); if host=="" {host=u.Hostname(); port=u.Port()}
 pass := ""; if pw != "" { pass = " password="+pw }
 ini := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s dbname=%s%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=16432\nauth_type=any\npool_mode=transaction\nunix_socket_dir=\nlogfile=/tmp/pgb/log\nuser=nobody\n", host, port, u.User.Username(), u.Path[1:], pass)
 os.WriteFile("/tmp/pgb/ini", []byte(ini), 0o644); os.Chmod("/tmp/pgb",0o777)
 cmd := exec.CommandContext(t.Context(), "/tmp/pgb/usr/sbin/pgbouncer", "/tmp/pgb/ini"); cmd.Env=append(os.Environ(),"LD_LIBRARY_PATH=/tmp/pgb/usr/lib/x86_64-linux-gnu"); cmd.Stderr=os.Stderr
 if err:=cmd.Start(); err!=nil {t.Fatal(err)}
 time.Sleep(time.Second)
 v := "postgres://"+u.User.Username()+":x@127.0.0.1:16432"+u.Path+"?sslmode=disable"
 did, err := store.Migrate(t.Context(), v, store.MigrateLatest); t.Log(len(did), err)
 did, err = store.Migrate(t.Context(), v, 0); t.Log(len(did), err)
 did, err = store.Migrate(t.Context(), v, store.MigrateLatest); t.Log(len(did), err)
 s, err := store.MigrationStatus(t.Context(), v); t.Log(s, err)
 done := make(chan string,1); cfg := idle(); cfg.Log = slog.New(slog.NewTextHandler(os.Stderr,nil)); cfg.Revoke = func(_ context.Context, id string) error { done<-id; return nil }
 b:=time.Now(); j := begin(t, v, cfg, usual()); t.Log("polling", j.running.polling, time.Since(b))
 b=time.Now(); if err := j.EnqueueRevoke(t.Context(),"x"); err!=nil {t.Fatal(err)}
 await(t,"job",done); t.Log("ran after", time.Since(b))
 end(t,j)
}
