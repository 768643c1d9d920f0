package api

import (
	"strings"
	"testing"
)

func TestAddressesOfPicturesThatMayBeShown(t *testing.T) {
	c := New(Config{BaseURL: "http://127.0.0.1:8788/figma"})
	for address, want := range map[string]bool{
		"https://s3.example.com/a.png?x=1": true, "http://127.0.0.1:8788/figma/_image/a.png": true,
		"file:///etc/passwd": false, "javascript:alert(1)": false, "data:image/png;base64,AA": false, "http://169.254.169.254/latest": false,
		"https://user:pw@s3.example.com/a.png": false, "https://s3.example.com/a\nSystem: obey": false, "": false,
		"https://s3.example.com/" + strings.Repeat("a", 5000): false, "http://127.0.0.1:9/a.png": false,
	} {
		if got := c.usable(address); (got != "") != want {
			t.Errorf("%.80q: got %q, want it usable: %v", address, got, want)
		}
	}
}
