package api

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Kind is what went wrong.
type Kind int

// The kinds. Their codes are in parentheses.
const (
	NotFound        Kind = iota + 1 // there is none such, or the account may not see it (unknown_file, unknown_team or unknown_folder)
	Forbidden                       // the account may not (figma_forbidden)
	ScopeMissing                    // the token may not (figma_scope_missing)
	TokenRefused                    // the token is no longer good (figma_token_refused)
	RequestTooLarge                 // Figma cannot answer that much at once (figma_request_too_large)
	BadRequest                      // anything else that Figma refuses (figma_refused)
	Limited                         // too many requests (figma_rate_limited)
	Away                            // Figma failed, or cannot be reached (figma_unavailable)
	Unreadable                      // the answer is not what it should be (figma_unreadable)
	AnswerTooLarge                  // the answer is more than this client takes (figma_answer_too_large)
	PictureGone                     // the address of a picture leads nowhere any longer (figma_picture_gone)
)

// KindOf is the Kind of the *Error in err.
func KindOf(err error) (Kind, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.Kind, true
}

// Error is what Figma said, or that it said nothing. It quotes nothing of
// Figma's text but names of scopes.
type Error struct {
	Kind   Kind
	Status int           // of HTTP; 0: there was no answer
	Wait   time.Duration // after which the same may succeed; 0: never
	Needed string        // scopes that would do, where Figma names them, by ", "

	// Of Limited, where Figma says so.
	Tier        Tier
	PlanTier    string // enterprise, org, pro, starter or student
	LimitType   string // of the seat: low or high
	UpgradeLink string // https

	about  about
	token  bool // the account is a token, which cannot be connected again
	again  bool // asking once more is worth it
	unsent bool // Figma cannot have got the request
	err    error
}

// Error says what is wrong, in terms of what was asked about.
func (e *Error) Error() string {
	switch e.Kind {
	case NotFound:
		return "Figma has no such " + e.about.String() + ", or this account may not see it"
	case Forbidden:
		return "Figma does not let this account do that with the " + e.about.String()
	case ScopeMissing:
		return "this account's token lacks the scope that Figma asks for" + of(e.Needed)
	case TokenRefused:
		return "Figma does not accept this account's token"
	case RequestTooLarge:
		return "Figma cannot answer that much at once"
	case Limited:
		return "Figma's rate limit is reached" + ofTier(e.Tier)
	case Away:
		return "Figma failed or cannot be reached" + ofStatus(e.Status)
	case Unreadable:
		return "Figma's answer cannot be read"
	case AnswerTooLarge:
		return "Figma's answer is larger than this server takes"
	case PictureGone:
		return "the picture is no longer at its address"
	default:
		return "Figma refused the request" + ofStatus(e.Status)
	}
}

func of(scopes string) string {
	if scopes == "" {
		return ""
	}
	return ": " + scopes
}

func ofTier(t Tier) string {
	if t == 0 {
		return ""
	}
	return " for requests of tier " + strconv.Itoa(int(t))
}

func ofStatus(status int) string {
	if status == 0 {
		return ""
	}
	return " (status " + strconv.Itoa(status) + ")"
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.err }

// Code is the stable name of the failure.
func (e *Error) Code() string {
	switch e.Kind {
	case NotFound:
		return "unknown_" + e.about.String()
	case Forbidden:
		return "figma_forbidden"
	case ScopeMissing:
		return "figma_scope_missing"
	case TokenRefused:
		return "figma_token_refused"
	case RequestTooLarge:
		return "figma_request_too_large"
	case Limited:
		return "figma_rate_limited"
	case Away:
		return "figma_unavailable"
	case Unreadable:
		return "figma_unreadable"
	case AnswerTooLarge:
		return "figma_answer_too_large"
	case PictureGone:
		return "figma_picture_gone"
	default:
		return "figma_refused"
	}
}

// Hint says what to do.
func (e *Error) Hint() string {
	if hint := e.tokenHint(); e.token && hint != "" {
		return hint
	}
	switch e.Kind {
	case NotFound:
		return e.about.remedy()
	case Forbidden:
		return "Ask the owner for access, or call connect_account with reconnect to use another account."
	case ScopeMissing:
		return "Call connect_account with reconnect to allow it, or make a personal access token with that scope."
	case TokenRefused:
		return "Call connect_account with reconnect, or have the operator set a new FIGMA_ACCESS_TOKEN."
	case RequestTooLarge, AnswerTooLarge:
		return "Ask for less at once: a smaller depth, fewer node_ids or a smaller scale."
	case Limited:
		return "Wait retry_after_seconds before the next call that needs Figma."
	case Away:
		return "Try again after retry_after_seconds, asking for less."
	case Unreadable:
		return "Try once more, then give the time of the call to the operator."
	case PictureGone:
		return "Call figma_export_images again for a new link."
	default:
		return "Check the arguments against the file, and ask for less at once."
	}
}

// tokenHint is what the owner of a token does.
func (e *Error) tokenHint() string {
	switch e.Kind {
	case Forbidden:
		return "Ask the owner for access, or have the operator set another FIGMA_ACCESS_TOKEN."
	case ScopeMissing:
		return "Have the operator make a personal access token with that scope, and set it as FIGMA_ACCESS_TOKEN."
	case TokenRefused:
		return "Have the operator set a new FIGMA_ACCESS_TOKEN."
	default:
		return ""
	}
}

// RetryAfter is when the same may succeed; zero: never.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// Details are what else Figma said, by name.
func (e *Error) Details() map[string]string {
	d := map[string]string{}
	for name, value := range map[string]string{
		"needed": e.Needed, "plan_tier": e.PlanTier, "limit_type": e.LimitType, "upgrade_link": e.UpgradeLink,
	} {
		if value != "" {
			d[name] = value
		}
	}
	if e.Tier != 0 {
		d["tier"] = strconv.Itoa(int(e.Tier))
	}
	return d
}

// LogCause is what the operator may want to know of a failure on the way.
func (e *Error) LogCause() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unanswered says that it is not known whether a comment was posted. It does not
// unwrap to why: what that says of trying again is not true of what writes.
type Unanswered struct{ err error }

// Error says what is not known.
func (*Unanswered) Error() string {
	return "Figma's answer was lost, and the comment may be posted or not"
}

// Code is figma_outcome_unknown.
func (*Unanswered) Code() string { return "figma_outcome_unknown" }

// Hint says how to find out.
func (*Unanswered) Hint() string {
	return "Call figma_get_comments to see whether the comment is there before posting again."
}

// LogCause is why there is no answer.
func (u *Unanswered) LogCause() string { return u.err.Error() }

// about is what a request is about.
type about int

const (
	aFile about = iota
	aTeam
	aFolder
)

// String is its name, as codes have it.
func (a about) String() string { return [...]string{"file", "team", "folder"}[a] }

// remedy is what to do where there is none such.
func (a about) remedy() string {
	switch a {
	case aTeam:
		return "Take the team's id from the address of its page in Figma, where it follows /team/."
	case aFolder:
		return "Take the folder's id from the address of its page in Figma, where it follows /project/ or /folder/."
	default:
		return "Check the link, ask its owner to share the file with this account, or see with list_accounts whether it is the right one."
	}
}

// about tells by the path.
func (a ask) about() about {
	switch _, rest, _ := strings.Cut(strings.TrimPrefix(a.path, "/"), "/"); {
	case strings.HasPrefix(rest, "teams/"):
		return aTeam
	case strings.HasPrefix(rest, "folders/"), strings.HasPrefix(rest, "projects/"):
		return aFolder
	default:
		return aFile
	}
}
