package tokencache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

// A value in Redis is either grave, or a head and a sealed text. The head is
// not secret: Redis itself compares it. It is the version in 20 digits, so that
// the later of two comes last in the order of texts, and a digest of the row's
// id. The version is part of the seal's place: another head cannot be opened.
const (
	grave         = "dropped"
	versionDigits = 20
	rowDigits     = 16
	headSize      = versionDigits + rowDigits
)

var (
	errForeign = errors.New("no value of ours")
	errOver    = errors.New("kept longer than it should be")
)

// put stores a value with the head ARGV[1] ARGV[2], unless what is there is a
// grave or a later version of the same row. Anything else is replaced, also
// what was not written by us.
var put = redis.NewScript(`
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'string' then
  if found == '` + grave + `' then return 0 end
  local version, row = string.sub(found, 1, #ARGV[1]), string.sub(found, #ARGV[1] + 1, #ARGV[1] + #ARGV[2])
  if row == ARGV[2] and version > ARGV[1] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
`)

type head struct{ version, row string }

func headOf(s tokens.Stored) head {
	sum := sha256.Sum256([]byte(s.ID))
	return head{fmt.Sprintf("%0*d", versionDigits, s.Version), hex.EncodeToString(sum[:rowDigits/2])}
}

func (h head) text() string { return h.version + h.row }

// split takes a value apart.
// Errors: errForeign.
func split(raw string) (version int64, sealed string, err error) {
	if len(raw) < headSize {
		return 0, "", errForeign
	}
	version, err = strconv.ParseInt(raw[:versionDigits], 10, 64)
	if err != nil {
		return 0, "", errForeign
	}
	return version, raw[headSize:], nil
}
