// Package company is the invented design company whose accounts the stand-ins
// have: people, studios and projects, by the names that the sample database has
// too. It knows no provider's rules, only the ids that things have there.
package company

import (
	"strings"
)

// Person is somebody with an account at each provider.
type Person struct {
	Key     string // for forms and knobs: caleb.ochoa
	Name    string
	Email   string
	Title   string // what they do
	Studio  string // Key of a Studio
	Admin   bool   // of the studio
	SignsIn bool   // offered by the consent pages

	FigmaID  string // greater than a float64 counts exactly, as real ones are
	SlackID  string
	GitHubID int64
	Login    string // at GitHub
}

// Studio is a team at Figma, a workspace at Slack and an organization at GitHub.
type Studio struct {
	Key       string
	Name      string
	Domain    string
	FigmaTeam string
	FigmaPlan string // plan_api_id
	SlackTeam string
	SlackHost string
	BotUser   string // of the sandbox's Slack app
	BotID     string
	GitHubID  int64
	GitHubOrg string
}

// Project is work for a client.
type Project struct {
	Key       string // also the repository's name and the channel's
	Name      string
	Client    string
	Studio    string // Key
	Lead      string // Key of a Person
	FigmaID   string
	FigmaFile string // key of its main file
}

// SlackApp is the id of the only app at Slack.
const SlackApp = "A0SANDBOX1"

// Studios lists the studios, the largest first.
func Studios() []Studio {
	return []Studio{
		{
			Key: "flux", Name: "Flux Studio", Domain: "fluxstudio.example", FigmaTeam: "1170245155647481000", FigmaPlan: "team-1170245155647481000",
			SlackTeam: "T0SBXFLUX", SlackHost: "fluxstudio-sandbox", BotUser: "U0SBXBOT1", BotID: "B0SBXBOT1", GitHubID: 900001, GitHubOrg: "flux-studio-sandbox",
		},
		{
			Key: "meridian", Name: "Meridian Visual Works", Domain: "meridianvisual.example", FigmaTeam: "1170245155647482000", FigmaPlan: "team-1170245155647482000",
			SlackTeam: "T0SBXMERI", SlackHost: "meridian-sandbox", BotUser: "U0SBXBOT2", BotID: "B0SBXBOT2", GitHubID: 900002, GitHubOrg: "meridian-visual-sandbox",
		},
	}
}

// People lists the people; those who sign in first.
func People() []Person {
	rows := []struct {
		name, title, studio string
		admin, signsIn      bool
	}{
		{"Caleb Ochoa", "Producer", "flux", true, true},
		{"Theo Norris", "Show designer", "flux", false, true},
		{"Kofi Larsen", "Show designer", "flux", false, true},
		{"Mei Ramirez", "Producer", "meridian", true, true},
		{"Fatima Yates", "Art director", "flux", false, false},
		{"Noah Hughes", "Drill writer", "flux", false, false},
		{"Yuki Zamora", "Brand designer", "flux", false, false},
		{"Iris Marlowe", "Arranger", "flux", false, false},
		{"Sana Patel", "Drill writer", "flux", false, false},
		{"Dominic Ortega", "Prop builder", "flux", false, false},
		{"Freya Huang", "Arranger", "meridian", false, false},
		{"Hugo Archer", "Brand designer", "meridian", false, false},
	}
	domains := map[string]string{}
	for _, s := range Studios() {
		domains[s.Key] = s.Domain
	}
	list := make([]Person, 0, len(rows))
	for i, r := range rows {
		key := strings.ReplaceAll(strings.ToLower(r.name), " ", ".")
		list = append(list, Person{
			Key: key, Name: r.name, Email: key + "@" + domains[r.studio], Title: r.title, Studio: r.studio, Admin: r.admin, SignsIn: r.signsIn,
			FigmaID: "11702451556474812" + digits(i), SlackID: "U0SBX" + digits(i) + "AA", GitHubID: int64(910000 + i),
			Login: strings.ReplaceAll(key, ".", "-") + "-sandbox",
		})
	}
	return list
}

// digits are two of them.
func digits(i int) string { return string([]byte{'0' + byte(i/10), '0' + byte(i%10)}) }

// Projects lists the projects.
func Projects() []Project {
	return []Project{
		{"tidal", "Tidal: Show design", "Cedar Ridge High School", "flux", "theo.norris", "81000001", "SbxTidalShowDesign0001"},
		{"northern-lights", "Northern Lights: Show design", "Riverbend State University", "flux", "kofi.larsen", "81000002", "SbxNorthernLights00002"},
		{"solstice-brand", "Solstice: Branding and merchandise", "St. Brendan Preparatory", "flux", "yuki.zamora", "81000003", "SbxSolsticeBrand000003"},
		{"flux-kit", "Flux Kit: Design system", "Flux Studio", "flux", "fatima.yates", "81000004", "SbxFluxKitLibrary00004"},
		{"solstice-juniper", "Solstice: Branding and merchandise", "Juniper Valley High School", "meridian", "hugo.archer", "81000005", "SbxMeridianSolstice005"},
	}
}

// PersonBy finds who satisfies is.
func PersonBy(is func(Person) bool) (Person, bool) {
	for _, p := range People() {
		if is(p) {
			return p, true
		}
	}
	return Person{}, false
}

// ByKey finds a person by Key.
func ByKey(key string) (Person, bool) {
	return PersonBy(func(p Person) bool { return p.Key == key })
}

// StudioOf finds the studio of a person.
func StudioOf(p Person) Studio {
	for _, s := range Studios() {
		if s.Key == p.Studio {
			return s
		}
	}
	return Studio{}
}

// ProjectsOf lists the projects of a studio.
func ProjectsOf(studio string) []Project {
	var list []Project
	for _, p := range Projects() {
		if p.Studio == studio {
			list = append(list, p)
		}
	}
	return list
}
