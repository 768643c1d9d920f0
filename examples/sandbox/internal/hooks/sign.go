// Package hooks sends webhooks to a receiver on this machine, proved as each
// provider proves them. What is in them is the business of the stand-ins.
package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// SignSlack is the value of X-Slack-Signature.
// Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
func SignSlack(secret string, at time.Time, body []byte) string {
	return "v0=" + mac(secret, append([]byte("v0:"+strconv.FormatInt(at.Unix(), 10)+":"), body...))
}

// SignGitHub is the value of X-Hub-Signature-256.
// Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
func SignGitHub(secret string, body []byte) string { return "sha256=" + mac(secret, body) }

func mac(secret string, text []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}
