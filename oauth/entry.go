package oauth

// The types here are the shape of providers.yaml: entry is one provider.
// providers.schema.json is made of their names and descriptions, by
// UPDATE_GOLDEN=1 go test ./oauth -run TestSchema.

// entry is one provider.
type entry struct {
	Title           string            `json:"title" jsonschema:"for people"`
	ManageURL       link              `json:"manage_url,omitempty" jsonschema:"where a person removes the app by hand"`
	Bases           bases             `json:"bases" jsonschema:"where the provider is; each can be set by the operator (ACME_API_URL)"`
	ClientAuth      clientAuth        `json:"client_auth" jsonschema:"how client id and secret are sent to the token endpoint: basic (header) or form (body)"`
	BodyFormat      bodyFormat        `json:"body_format,omitempty" jsonschema:"of requests to the token endpoint: form (default) or json"`
	PKCE            bool              `json:"pkce" jsonschema:"whether an S256 challenge is sent (RFC 7636)"`
	PKCEPublic      bool              `json:"pkce_public,omitempty" jsonschema:"with PKCE the app is a public client, so that no secret is sent to the token endpoint"`
	OneTokenPerUser bool              `json:"one_token_per_user,omitempty" jsonschema:"a new token kills the former one of the same person and app"`
	RefreshOnce     bool              `json:"refresh_once,omitempty" jsonschema:"a refresh token is good for one use, and the answer has the next one"`
	Lifetime        span              `json:"lifetime,omitempty" jsonschema:"of an access token where the answer has no expires_in, such as 12h; absent: it does not expire"`
	AuthorizeParams map[string]string `json:"authorize_params,omitempty" jsonschema:"further query parameters of the consent page"`
	APIHeaders      map[string]string `json:"api_headers,omitempty" jsonschema:"further headers of the identity and revoke calls"`
	ScopeSeparator  separator         `json:"scope_separator,omitempty" jsonschema:"between scopes that are asked for: a space (default) or a comma; answers may have either"`
	Tokens          []place           `json:"tokens,omitempty" jsonschema:"the tokens of an answer, the main one first; absent: one of a person at the top"`
	Metadata        []path            `json:"metadata,omitempty" jsonschema:"paths in the answer to a code that are kept beside the tokens"`
	Errors          faults            `json:"errors,omitzero" jsonschema:"how failures are told, beyond RFC 6749"`
	Identity        identityCall      `json:"identity" jsonschema:"how to find out whose a token is"`
	Revoke          *revokeCall       `json:"revoke,omitempty" jsonschema:"how to tell that a token is of no more use; absent: it cannot be told"`
	Scopes          []scope           `json:"scopes" jsonschema:"the permissions that can be asked for"`
}

type (
	link       string // URL: https, or http of this machine
	template   string // text with {placeholders}
	path       string // member names joined by dots; "." is the answer itself
	span       string // as time.ParseDuration takes it
	separator  string
	clientAuth string
	bodyFormat string
	method     string
	revokeAuth string
	tokenKind  string
)

// bases are where a provider is. Those but api may begin with {api}.
type bases struct {
	API       link     `json:"api" jsonschema:"URL that the API's paths are appended to"`
	Authorize template `json:"authorize" jsonschema:"consent page, the whole URL; may begin with {api}"`
	Token     template `json:"token" jsonschema:"where codes become tokens, the whole URL; may begin with {api}"`
	Refresh   template `json:"refresh,omitempty" jsonschema:"where tokens are refreshed; absent: as token"`
}

// place is where a token is in an answer.
type place struct {
	Kind        tokenKind `json:"kind" jsonschema:"user (acts as the person) or bot (acts as the app)"`
	At          path      `json:"at,omitempty" jsonschema:"path of the object with access_token, refresh_token, expires_in and scope; absent: the answer itself"`
	RefreshedAt path      `json:"refreshed_at,omitempty" jsonschema:"the same in the answer to a refresh; absent: as at"`
	Type        string    `json:"type,omitempty" jsonschema:"token_type of such a token, where it is not bearer"`
	ScopeParam  string    `json:"scope_param,omitempty" jsonschema:"query parameter of the consent page with the scopes of this token; absent: scope"`
	Shared      bool      `json:"shared,omitempty" jsonschema:"several people get the very same token, so that it is not revoked when one of them leaves"`
}

// faults say how failures are told. A reason is the provider's code or, where
// an answer has none, http_ and its status, such as http_400.
type faults struct {
	OK        path     `json:"ok,omitempty" jsonschema:"a boolean that each answer has, and that is false in failures"`
	Code      path     `json:"code,omitempty" jsonschema:"the failure's code; absent: error"`
	Refused   []string `json:"refused,omitempty" jsonschema:"reasons that mean: the code or token is dead, the person must consent again"`
	Dead      []string `json:"dead,omitempty" jsonschema:"reasons that mean, in a call that carries the token: it is dead"`
	Client    []string `json:"client,omitempty" jsonschema:"reasons that mean: client id, secret or redirect URI are wrong"`
	Limited   []string `json:"limited,omitempty" jsonschema:"reasons that mean: too many requests"`
	Away      []string `json:"away,omitempty" jsonschema:"reasons that mean: not now"`
	Remaining string   `json:"remaining,omitempty" jsonschema:"header that is 0 where a 403 means too many requests"`
	Reset     string   `json:"reset,omitempty" jsonschema:"header with the Unix time when that ends"`
}

// identityCall finds out whose a token is. The first of ID, Name and Email
// whose placeholders are all there is taken.
type identityCall struct {
	Method method     `json:"method,omitempty" jsonschema:"GET (default) or POST"`
	URL    template   `json:"url,omitempty" jsonschema:"called with the token; absent: the answer to the code says enough"`
	ID     []template `json:"id" jsonschema:"stable id, of {path} in this call's answer and {grant:path} of metadata"`
	Name   []template `json:"name,omitempty" jsonschema:"for people"`
	Email  []template `json:"email,omitempty" jsonschema:"address"`
}

// revokeCall ends a token. Values may hold {access_token}, {refresh_token},
// {client_id} and {client_secret}.
type revokeCall struct {
	Method method              `json:"method,omitempty" jsonschema:"POST (default), DELETE or GET"`
	URL    template            `json:"url" jsonschema:"may begin with {api} and hold {client_id}"`
	Auth   revokeAuth          `json:"auth" jsonschema:"token (the token itself as bearer), basic (client id and secret) or none"`
	Form   map[string]template `json:"form,omitempty" jsonschema:"body, form-encoded"`
	JSON   map[string]template `json:"json,omitempty" jsonschema:"body, as JSON"`
	Dead   []string            `json:"dead,omitempty" jsonschema:"reasons that mean: the token was dead already"`
}

// scope is a permission.
type scope struct {
	Name     string `json:"name" jsonschema:"as the provider has it; of a token other than the main one with its kind before it, as in bot:chat:write"`
	About    string `json:"about" jsonschema:"what it allows, in a person's words, without a full stop"`
	Optional bool   `json:"optional,omitempty" jsonschema:"only asked for where a request names it"`
}
