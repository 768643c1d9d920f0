package owntest

import (
	"errors"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// Fails has act, whose results are named, find no database, one that is away
// and one without fluxmcp's tables. Each result must be an error that says so,
// and nothing of any statement.
func Fails(t *testing.T, act func(o *store.Own) map[string]error) {
	t.Helper()
	server := storetest.Server(t)
	gone := Own(t, server.URL())
	server.Stop()
	for want, o := range map[string]*store.Own{
		"bad_setting":          Own(t, ""),
		"database_unavailable": gone,
		"migration_missing":    Own(t, storetest.DB(t)),
	} {
		for name, err := range act(o) {
			var told interface{ Code() string }
			if !errors.As(err, &told) || told.Code() != want || strings.Contains(err.Error(), "SELECT") {
				t.Errorf("%s: got %v, want %s", name, err, want)
			}
		}
	}
}

// Answer compares the state of the database's answer to sql: empty where it
// accepts it.
func (d Database) Answer(name, sql, state string) {
	d.T.Helper()
	err := storetest.TryExec(d.T, d.URL, sql)
	if (state == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), "SQLSTATE "+state) {
		d.T.Errorf("%s: got %v, want SQLSTATE %q", name, err, state)
	}
}

// Strangers are keys, by what is different, that must not find what is kept
// under k.
func Strangers(k kept.Key) map[string]kept.Key {
	strangers := map[string]kept.Key{}
	for name, change := range map[string]func(*kept.Key){
		"another person":                       func(k *kept.Key) { k.Person = Person("eve") },
		"a person who is not known":            func(k *kept.Key) { k.Person = Person("bob") },
		"the same subject at another issuer":   func(k *kept.Key) { k.Person.Issuer = "local" },
		"another account of theirs":            func(k *kept.Key) { k.Account = "account of eve" },
		"the account after it is disconnected": func(k *kept.Key) { k.Account += ", connected again" },
		"no account":                           func(k *kept.Key) { k.Account = "" },
		"another part":                         func(k *kept.Key) { k.Part += "2" },
		"a part in capitals":                   func(k *kept.Key) { k.Part = strings.ToUpper(k.Part) },
		"a pattern":                            func(k *kept.Key) { k.Part = "%" },
		"a part that is no text":               func(k *kept.Key) { k.Part += "\x00" },
	} {
		changed := k
		change(&changed)
		strangers[name] = changed
	}
	return strangers
}
