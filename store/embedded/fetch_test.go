//go:build unix

package embedded

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository serves one archive as the public one does; a checksum "" is not served.
func repository(t *testing.T, txz, checksum string) (url string, asked *int) {
	t.Helper()
	jar := jarOf(t, txz)
	if checksum == "right" {
		checksum = fmt.Sprintf("%x", sha256.Sum256(jar))
	}
	asked = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		switch {
		case !strings.HasSuffix(r.URL.Path, ".sha256"):
			w.Write(jar)
		case checksum != "":
			w.Write([]byte(checksum))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func jarOf(t *testing.T, txz string) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", txz))
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	w, err := z.Create("postgres-linux-x86_64.txz")
	if err != nil {
		t.Fatal(err)
	}
	w.Write(packed)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

func TestFetch(t *testing.T) {
	for _, c := range []struct {
		name, txz, checksum, wantErr string
	}{
		{"an archive with its checksum is unpacked", "good.txz", "right", ""},
		{"a missing checksum is an error", "good.txz", "", "checksum"},
		{"a wrong checksum is an error", "good.txz", strings.Repeat("0", 64), "does not match"},
		{"an error page for a checksum is an error", "good.txz", "<html>", "not a SHA-256"},
		{"an entry cannot leave the directory", "escaping.txz", "right", "escape"},
	} {
		dir := filepath.Join(t.TempDir(), "a", "b")
		url, _ := repository(t, c.txz, c.checksum)
		b, err := fetchBinaries(t.Context(), url, dir)
		if c.wantErr == "" {
			if err != nil || b.major != 17 {
				t.Errorf("%s: got %+v, %v; want version 17", c.name, b, err)
			}
			continue
		}
		var own *Error
		if !errors.As(err, &own) || own.Code() != "postgresql_not_found" || !strings.Contains(err.Error(), c.wantErr) {
			t.Errorf("%s: got %v, want postgresql_not_found with %q", c.name, err, c.wantErr)
		}
		if left, _ := filepath.Glob(dir + "/*"); len(left) > 0 {
			t.Errorf("%s: left %v, want nothing", c.name, left)
		}
		if exists(filepath.Join(filepath.Dir(dir), "escaped")) || exists(filepath.Join(dir, "escaped")) {
			t.Errorf("%s: a file was written outside", c.name)
		}
	}
}

func TestFetchHappensOnce(t *testing.T) {
	dir := t.TempDir()
	url, asked := repository(t, "good.txz", "right")
	for range 2 {
		if _, err := fetchBinaries(t.Context(), url, dir); err != nil {
			t.Fatal(err)
		}
	}
	if *asked != 2 {
		t.Errorf("two starts made %d requests, want 2: the archive and its checksum", *asked)
	}
	if b, err := findBinaries(t.Context(), "", dir, 17); err != nil || b.major != 17 {
		t.Errorf("the fetched version is found as %+v, %v; want version 17", b, err)
	}
}
