package api

import "encoding/json"

// answer is what an answer is read into.
type answer interface{ head() *envelope }

// envelope is what all answers have.
// Source: https://docs.slack.dev/apis/web-api/#responses
type envelope struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Provided string `json:"provided"`
	Errors   words  `json:"errors"`
	Metadata struct {
		Next     string `json:"next_cursor"`
		Messages words  `json:"messages"`
	} `json:"response_metadata"`

	scopes string // header X-OAuth-Scopes
}

func (e *envelope) head() *envelope { return e }

// words are the texts of a list, whatever else is in it: Slack has texts,
// objects with a message, and {} in that place.
type words []string

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (w *words) UnmarshalJSON(raw []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil // what is no list has no texts
	}
	for _, item := range list {
		var text string
		var object struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(item, &text) != nil && json.Unmarshal(item, &object) == nil {
			text = object.Message
		}
		if text != "" {
			*w = append(*w, text)
		}
	}
	return nil
}

// loose is a member that may be of another shape, which is left out then.
type loose[T any] struct{ is T }

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (l *loose[T]) UnmarshalJSON(raw []byte) error {
	var v T
	if json.Unmarshal(raw, &v) == nil {
		l.is = v
	}
	return nil
}
