package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// command is what a knob below /_control/ takes, as JSON. Each uses what it
// needs; durations are written as 150ms.
type command struct {
	Provider string         `json:"provider"`
	What     string         `json:"what"`
	Person   string         `json:"person"`
	URI      string         `json:"uri"`
	File     string         `json:"file"`
	Nodes    []string       `json:"nodes"`
	Plan     string         `json:"plan"`
	Seat     string         `json:"seat"`
	Team     string         `json:"team"`
	Owner    string         `json:"owner"`
	Repo     string         `json:"repo"`
	Event    string         `json:"event"`
	Payload  map[string]any `json:"payload"`
	Scopes   []string       `json:"scopes"`
	Code     string         `json:"code"`

	Duration   string `json:"duration"`
	On         bool   `json:"on"`
	Late       bool   `json:"late"`
	Times      int    `json:"times"`
	Status     int    `json:"status"`
	RetryAfter int    `json:"retry_after"`
	Channels   int    `json:"channels"`
	Users      int    `json:"users"`
	Messages   int    `json:"messages"`
}

func (c command) span() (time.Duration, error) {
	d, err := time.ParseDuration(c.Duration)
	if err != nil {
		return 0, fmt.Errorf("duration: %w", err)
	}
	return d, nil
}

var errUnknown = errors.New("there is nothing of that name")

func known(ok bool) error {
	if !ok {
		return errUnknown
	}
	return nil
}

// control serves the knobs to this machine: POST /_control/NAME with a command,
// GET /_control/counts and /_control/requests with ?provider=, and /_control/posts
// with slack.
func (s *Sandbox) control() http.Handler {
	mux := http.NewServeMux()
	for name, turn := range s.knobs() {
		mux.HandleFunc("POST /_control/"+name, func(w http.ResponseWriter, r *http.Request) {
			var c command
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&c); err != nil && !errors.Is(err, io.EOF) {
				tell(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
				return
			}
			if _, ok := s.providers[c.Provider]; c.Provider != "" && !ok {
				tell(w, http.StatusBadRequest, map[string]any{"error": errUnknown.Error()})
				return
			}
			result, err := turn(r, c)
			if err != nil {
				tell(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
				return
			}
			tell(w, http.StatusOK, map[string]any{"result": result})
		})
	}
	mux.HandleFunc("POST /_control/figma-file/{key}", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<20))
		if err == nil {
			err = s.AddFigmaFile(r.PathValue("key"), text)
		}
		if err != nil {
			tell(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		tell(w, http.StatusOK, map[string]any{"result": nil})
	})
	mux.HandleFunc("GET /_control/{what}", s.see)
	return local(mux)
}

// see answers what was counted and logged.
func (s *Sandbox) see(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("provider")
	if _, ok := s.providers[name]; !ok {
		tell(w, http.StatusBadRequest, map[string]any{"error": errUnknown.Error()})
		return
	}
	switch r.PathValue("what") {
	case "counts":
		tell(w, http.StatusOK, map[string]any{"total": s.Count(name, ""), "counts": s.Counts(name)})
	case "posts":
		if name != Slack {
			http.NotFound(w, r)
			return
		}
		tell(w, http.StatusOK, map[string]any{"posts": s.SlackPosts()})
	case "requests":
		tell(w, http.StatusOK, map[string]any{"requests": s.Requests(name)})
	default:
		http.NotFound(w, r)
	}
}

func tell(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who does not get it has left
}

// local lets only processes of this machine in, and no web page.
func local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		if ip == nil || !ip.IsLoopback() || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			tell(w, http.StatusForbidden, map[string]any{"error": "the knobs are for programs on this machine"})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// knob turns something; what it returns is shown.
type knob func(*http.Request, command) (any, error)

// plain is a knob that cannot fail and shows nothing.
func plain(do func(command)) knob {
	return func(_ *http.Request, c command) (any, error) {
		do(c)
		return nil, nil
	}
}

// timed is a knob with a duration.
func timed(do func(command, time.Duration)) knob {
	return func(_ *http.Request, c command) (any, error) {
		d, err := c.span()
		if err == nil {
			do(c, d)
		}
		return nil, err
	}
}

// at is a knob of one provider.
func at(k knob, providers ...string) knob {
	return func(r *http.Request, c command) (any, error) {
		for _, p := range providers {
			if c.Provider == p {
				return k(r, c)
			}
		}
		return nil, fmt.Errorf("provider must be one of %v", providers)
	}
}

// knobs are those that other processes can turn, by name.
func (s *Sandbox) knobs() map[string]knob {
	all := []string{Figma, Slack, GitHub}
	return map[string]knob{
		"reset":    plain(func(command) { s.Reset() }),
		"register": at(plain(func(c command) { s.Register(c.Provider, c.URI) }), all...),
		"latency":  at(timed(func(c command, d time.Duration) { s.Latency(c.Provider, d) }), all...),
		"limit":    at(timed(func(c command, d time.Duration) { s.Limit(c.Provider, c.What, c.Times, d) }), all...),
		"grace":    at(timed(func(c command, d time.Duration) { s.Grace(c.Provider, d) }), Slack, GitHub),
		"advance":  timed(func(_ command, d time.Duration) { s.Advance(d) }),
		"fail":     at(s.fail, all...),
		"rotation": at(plain(func(c command) { s.Rotation(c.Provider, c.On) }), Slack, GitHub),
		"callback": at(plain(func(c command) { s.CallBack(c.Provider, c.On) }), all...),
		"withhold": at(plain(func(c command) { s.Withhold(c.Provider, c.Scopes...) }), all...),
		"revoke": at(func(_ *http.Request, c command) (any, error) {
			if c.Person == "" {
				return s.RevokeAll(c.Provider), nil
			}
			return s.Revoke(c.Provider, c.Person), nil
		}, all...),
		"expire":              at(func(_ *http.Request, c command) (any, error) { return s.Expire(c.Provider), nil }, all...),
		"slack-pkce":          plain(func(c command) { s.SlackPKCE(c.On) }),
		"slack-crowd":         plain(func(c command) { s.SlackCrowd(c.Channels, c.Users, c.Messages) }),
		"slack-history-limit": plain(func(c command) { s.SlackHistoryLimit(c.Messages) }),
		"slack-events":        func(r *http.Request, c command) (any, error) { return nil, s.SlackEvents(r.Context(), c.URI) },
		"slack-emit":          plain(func(c command) { s.EmitSlack(c.Team, c.Payload) }),
		"figma-public":        plain(func(c command) { s.FigmaPublic(c.On) }),
		"figma-edit":          func(_ *http.Request, c command) (any, error) { return nil, known(s.EditFigma(c.File, c.On)) },
		"figma-delete":        func(_ *http.Request, c command) (any, error) { return nil, known(s.DeleteFigma(c.File)) },
		"figma-large":         func(_ *http.Request, c command) (any, error) { return nil, known(s.FigmaTooLarge(c.File, c.On)) },
		"figma-unrendered": func(_ *http.Request, c command) (any, error) {
			return nil, known(s.FigmaUnrendered(c.File, c.Nodes...))
		},
		"figma-plan": func(_ *http.Request, c command) (any, error) {
			return nil, known(s.FigmaPlan(c.File, c.Plan, c.Seat))
		},
		"figma-redeliver": func(*http.Request, command) (any, error) { return s.RedeliverFigma(), nil },
		"github-emit": func(_ *http.Request, c command) (any, error) {
			return nil, known(s.EmitGitHub(c.Owner, c.Repo, c.Event, c.Payload))
		},
	}
}

func (s *Sandbox) fail(_ *http.Request, c command) (any, error) {
	if c.Status != 0 && http.StatusText(c.Status) == "" {
		return nil, fmt.Errorf("%d is no status", c.Status)
	}
	s.FailWith(c.Provider, Failure{What: c.What, Times: c.Times, Status: c.Status, Code: c.Code, RetryAfter: c.RetryAfter, Late: c.Late})
	return nil, nil
}
