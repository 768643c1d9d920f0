package bearer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// parsed is a token in its parts, of which nothing is verified yet.
//
// golang-jwt signs and checks signatures, but does not parse: its parser takes
// the last of duplicate members, replaces bytes that are not UTF-8, skips line
// breaks inside base64, and looks an algorithm up before the issuer is known.
type parsed struct {
	signed    string // header and payload as sent
	signature []byte
	alg, kid  string
	claims    payload
}

// parse takes a compact JWS (RFC 7515 section 7.1) with the header of an access
// token apart.
func parse(text string) (*parsed, error) {
	// encoding/base64 skips line breaks even when strict.
	if strings.Count(text, ".") != 2 || strings.ContainsAny(text, "\r\n") {
		return nil, &Rejected{ReasonMalformed}
	}
	end := strings.LastIndexByte(text, '.')
	head, body, _ := strings.Cut(text[:end], ".")
	header, err := segmentObject(head)
	if err != nil {
		return nil, err
	}
	claims, err := segmentObject(body)
	if err != nil {
		return nil, err
	}
	signature, err := segment(text[end+1:])
	if err != nil {
		return nil, err
	}
	t := &parsed{signed: text[:end], signature: signature, claims: claims}
	return t, t.readHeader(header)
}

// readHeader refuses all that would have a key come from the token itself
// (RFC 7515 section 4.1), and extensions, of which none is understood here.
func (t *parsed) readHeader(header payload) error {
	for _, name := range []string{"jku", "jwk", "x5u", "x5c", "crit", "b64", "enc", "zip"} {
		if _, ok := header[name]; ok {
			return &Rejected{ReasonMalformed}
		}
	}
	var typ string
	var err error
	if t.alg, err = header.text("alg"); err != nil {
		return err
	}
	if t.kid, err = header.text("kid"); err != nil {
		return err
	}
	if typ, err = header.text("typ"); err != nil {
		return err
	}
	switch strings.ToLower(typ) {
	case "", "jwt", "at+jwt", "application/at+jwt": // RFC 9068 section 4; FluxStudio says JWT
		return nil
	default:
		return &Rejected{ReasonWrongType}
	}
}

// verify checks the signature; method is nil where the algorithm is not allowed.
func (t *parsed) verify(method jwt.SigningMethod, key any) error {
	if method == nil {
		return &Rejected{ReasonAlgorithm}
	}
	if method.Verify(t.signed, t.signature, key) != nil {
		return &Rejected{ReasonSignature}
	}
	return nil
}

// symmetric is the one method that goes with the secret.
func symmetric(alg string) jwt.SigningMethod {
	if alg == "HS256" {
		return jwt.SigningMethodHS256
	}
	return nil
}

// asymmetric is a method that goes with a published key. It is a list of its
// own, and not golang-jwt's, which has none and HS256 too.
func asymmetric(alg string) jwt.SigningMethod {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA":
		return jwt.GetSigningMethod(alg)
	default:
		return nil
	}
}

func segment(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, &Rejected{ReasonMalformed}
	}
	return b, nil
}

func segmentObject(text string) (payload, error) {
	b, err := segment(text)
	if err != nil {
		return nil, err
	}
	o, err := object(b)
	if err != nil {
		return nil, &Rejected{ReasonMalformed}
	}
	return o, nil
}

// maxDepth is of JSON; issuers nest two or three deep.
const maxDepth = 16

// errNotObject never leaves this file.
var errNotObject = errors.New("not one JSON object in UTF-8 with distinct member names")

// object decodes text, which must be one JSON object in UTF-8 without a name
// twice in any object. Two readers of a duplicate may each take another one.
func object(text []byte) (payload, error) {
	if !utf8.Valid(text) {
		return nil, errNotObject
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := value(d, maxDepth)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if _, err := d.Token(); !ok || !errors.Is(err, io.EOF) {
		return nil, errNotObject
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil || depth == 0 {
		return nil, errNotObject
	}
	switch t {
	case json.Delim('{'):
		return members(d, depth-1)
	case json.Delim('['):
		return elements(d, depth-1)
	default:
		return t, nil
	}
}

func members(d *json.Decoder, depth int) (any, error) {
	o := map[string]any{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotObject
		}
		if _, twice := o[name]; twice {
			return nil, errNotObject
		}
		if o[name], err = value(d, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return o, err
}

func elements(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := value(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}
