// Package peak tells how much memory a process has held. It knows nothing of what
// the process is.
package peak

import (
	"fmt"
	"os"
	"regexp"
)

// Of is the most memory that a process has held, such as 34012 kB, where the
// system tells; else empty.
func Of(pid int) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return ""
	}
	found := regexp.MustCompile(`VmHWM:\s*(\d+ kB)`).FindSubmatch(status)
	if found == nil {
		return ""
	}
	return string(found[1])
}
