package company_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
)

// TestNamesAreThoseOfTheSampleCompany holds the two inventions together.
func TestNamesAreThoseOfTheSampleCompany(t *testing.T) {
	text, err := os.ReadFile("../../../../store/sample/words.txt")
	if err != nil {
		t.Fatalf("read the sample's words: %v", err)
	}
	words := strings.FieldsFunc(string(text), func(r rune) bool { return r == '|' || r == '\n' || r == ' ' })
	phrases := strings.FieldsFunc(string(text), func(r rune) bool { return r == '|' || r == '\n' })
	for _, p := range company.People() {
		for _, part := range strings.Fields(p.Name) {
			if !slices.Contains(words, part) {
				t.Errorf("%s: %s is no name of the sample", p.Name, part)
			}
		}
	}
	for _, s := range company.Studios() {
		if !slices.Contains(phrases, s.Name) || !slices.Contains(phrases, s.Domain) {
			t.Errorf("studio %s (%s) is not in the sample", s.Name, s.Domain)
		}
	}
	for _, p := range company.Projects() {
		show, service, _ := strings.Cut(p.Name, ": ")
		if p.Client != "Flux Studio" && (!slices.Contains(phrases, show) || !slices.Contains(phrases, service) || !slices.Contains(phrases, p.Client)) {
			t.Errorf("project %q of %q is not as in the sample", p.Name, p.Client)
		}
		if lead, ok := company.ByKey(p.Lead); !ok || lead.Studio != p.Studio {
			t.Errorf("project %q is led by %q, who is not of its studio", p.Name, p.Lead)
		}
	}
}

func TestIdsAreOnePersonsEachAndAsRealOnesAre(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range company.People() {
		for _, id := range []string{p.Key, p.FigmaID, p.SlackID, p.Login, p.Email} {
			if seen[id] || id == "" {
				t.Errorf("%s: %q is empty, or somebody else's", p.Name, id)
			}
			seen[id] = true
		}
		n, err := strconv.ParseInt(p.FigmaID, 10, 64)
		if err != nil || n < 1<<53 {
			t.Errorf("%s: Figma's id %s fits into a float64, real ones do not", p.Name, p.FigmaID)
		}
	}
}
