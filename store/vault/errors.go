package vault

import (
	"fmt"
	"slices"
)

// Setting is the name of the setting that keys come from.
const Setting = "OAUTH_ENCRYPTION_KEY"

// BadKey says what is wrong with a key, without showing it.
type BadKey struct {
	Number int    // which one, from 1; 0: there is none
	Wrong  string // what is wrong with it, as the rest of a sentence
}

// Error names the setting and which of its keys.
func (e *BadKey) Error() string {
	if e.Number == 0 {
		return Setting + " " + e.Wrong
	}
	return fmt.Sprintf("key %d of %s %s", e.Number, Setting, e.Wrong)
}

// Code is bad_setting.
func (e *BadKey) Code() string { return "bad_setting" }

// Hint says how to make a key.
func (e *BadKey) Hint() string {
	return "Set " + Setting + " to what `fluxmcp keys generate` prints, and keep a copy where the database's backups are not."
}

// Unreadable says that a sealed text cannot be opened: its key is not there, or
// it was not sealed for this place. It shows no part of it.
type Unreadable struct {
	Place Place
	Key   int64 // id of the key that sealed it; 0: it is no sealed text at all
	Known bool  // the key is there, so the text was changed or moved
}

// Error names the column, and the key where that is what is missing.
func (e *Unreadable) Error() string {
	what := "what is sealed in " + e.Place.Table + "." + e.Place.Column
	switch {
	case e.Key == 0:
		return what + " is no sealed text"
	case e.Known:
		return what + " was changed, or was sealed for another place"
	default:
		return what + " was sealed with key " + KeyName(e.Key) + ", which " + Setting + " does not have"
	}
}

// Code is vault_unreadable.
func (e *Unreadable) Code() string { return "vault_unreadable" }

// Hint says what the operator can do.
func (e *Unreadable) Hint() string {
	if e.Key == 0 || e.Known {
		return "Connect the account again, and tell the operator that a row of " + e.Place.Table + " was changed outside fluxmcp."
	}
	return "Ask the operator to add the old key, of id " + KeyName(e.Key) + ", at the end of " + Setting + "."
}

// LogCause names the row, for the operator.
func (e *Unreadable) LogCause() string {
	return fmt.Sprintf("%s (row %s, version %d)", e.Error(), e.Place.Row, e.Place.Version)
}

func (v *Vault) unreadable(sealed []byte, p Place) *Unreadable {
	id, ok := KeyOf(sealed)
	if !ok {
		return &Unreadable{Place: p}
	}
	return &Unreadable{Place: p, Key: id, Known: slices.Contains(v.ids, id)}
}
